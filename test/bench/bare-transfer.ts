// The floor for reading a table: the same calls over the same kind of connection, their replies thrown away.
import { Client } from 'undici';
import { commandForm } from '../../src/panos/messages/commands.ts';
import { registeredIp } from '../../src/panos/messages/registered-ip.ts';
import { pageEntries } from '../../src/panos/client/read-table.ts';
import type { PageAccess } from './page-server.ts';

export type BareTransfer = {
  /** Makes the calls of one whole read, each reply's bytes handed to the sink; the number of bytes. */
  readonly read: (sink?: (reply: Buffer[]) => void) => Promise<number>;
  readonly close: () => Promise<void>;
};

export function bareTransfer({ endpoint, caPem, entries }: PageAccess): BareTransfer {
  const client = new Client(endpoint, { pipelining: 1, allowH2: false, connect: { ca: caPem } });
  const starts = Array.from({ length: Math.floor(entries / pageEntries) + 1 }, (_, n) => n * pageEntries + 1);
  return {
    async read(sink) {
      const { commands } = registeredIp;
      const forms = [
        commands.count,
        ...starts.map((start) => commands.page(start, pageEntries)),
        commands.count,
      ].map((command) => commandForm(command, {}));
      let bytes = 0;
      for (const form of forms) bytes += await post(client, form.toString(), sink);
      return bytes;
    },
    close: () => client.close(),
  };
}

function post(client: Client, body: string, sink: ((reply: Buffer[]) => void) | undefined): Promise<number> {
  const done = Promise.withResolvers<number>();
  const kept: Buffer[] = [];
  let bytes = 0;
  client.dispatch(
    {
      path: '/api/',
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    {
      onRequestStart() {},
      onResponseStart(_, status) {
        if (status !== 200) done.reject(new Error(`a page was answered with ${status}`));
      },
      onResponseData(_, chunk) {
        bytes += chunk.length;
        if (sink !== undefined) kept.push(chunk);
      },
      onResponseEnd() {
        sink?.(kept);
        done.resolve(bytes);
      },
      onResponseError(_, error) {
        done.reject(error);
      },
    },
  );
  return done.promise;
}
