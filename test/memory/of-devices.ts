// Memories of what devices answer: replies as large as are read, and words, names, refusals and tags that never come back.

import { Contradictions } from '../../src/core/mirror/contradictions.ts';
import { Refusals } from '../../src/core/message/refusals.ts';
import { CapacityEvidence } from '../../src/core/limits/capacity-evidence.ts';
import { Suspects } from '../../src/core/message/suspects.ts';
import { Table } from '../../src/core/table/table.ts';
import { TagEvidence } from '../../src/core/limits/tag-evidence.ts';
import { passwordCredentials } from '../../src/panos/session/authentication.ts';
import { cleaner, shortened } from '../../src/panos/errors/device-words.ts';
import { readDeviceGroups } from '../../src/panos/messages/panorama-replies.ts';
import { createRegisteredIpReader } from '../../src/panos/messages/registered-ip-reader.ts';
import { readSystemInfo, readUidResponse } from '../../src/panos/messages/response.ts';
import { nextBatch } from '../core/table/messages.ts';

const padding = (round: number, bytes: number): string => `<!--${String(round).padEnd(bytes, 'x')}-->`;
const hostOf = (n: number): string => `fd00::${(n >> 16).toString(16)}:${(n & 0xffff).toString(16)}`;

/** 2,048 addresses set aside, each by the words of another reply. */
function refusalWords(): (round: number) => void {
  const refusals = new Refusals();
  const clean = cleaner(['secret']);
  return (round) => {
    const address = `10.0.${(round % 2048) >> 8}.${round & 255}`;
    const tags = [`k8s.${round}`];
    const words = `${round} is refused for a reason of which the device has a lot to say`;
    const text = `<response status="error">${padding(round, 25_000)}<msg><line><uid-response><payload><register><entry ip="${address}" message="${words}"/></register></payload></uid-response></line></msg></response>`;
    const [rejected] = readUidResponse(text, { register: [{ ip: address, tags }], unregister: [] });
    if (rejected === undefined) throw new Error('nothing was refused');
    const { section, message } = rejected;
    const refusedPair = { section, address, tag: tags[0], message: clean(message) };
    // What is wanted no more is forgotten, as a table does it.
    refusals.retain(address, { register: tags, unregister: [] });
    refusals.answered(address, { register: tags, unregister: [] }, [refusedPair], round);
  };
}

/** 4,000 devices and the groups of a Panorama, each as the last reply told. */
function deviceNames(): (round: number) => void {
  const known = new Map<number, unknown>();
  const clean = cleaner([]);
  return (round) => {
    const name = `device-with-a-long-name-${round}`;
    const system = `<system><hostname>${name}</hostname><serial>0070510000${round}</serial><model>PA-VM-${name}</model><sw-version>11.1.4-${name}</sw-version></system>`;
    const info = readSystemInfo(
      `<response status="success">${padding(round, 12_500)}<result>${system}</result></response>`,
    );
    const groups = readDeviceGroups(
      `<response status="success">${padding(round, 12_500)}<result><devicegroups><entry name="${name}"><devices><entry name="0070510000${round}"/></devices></entry></devicegroups></result></response>`,
    );
    const names = [info.hostname, info.model, info.swVersion].map((name) => shortened(clean(name)));
    known.set(round % 4000, { serial: info.serial, names, groups });
  };
}

/** A table of 200 addresses that are read by pages of ever new tags, ours and others'. */
function pages(): (round: number) => void {
  const table = new Table({ tagsOf: () => [], addresses: () => [] }, () => 'nothing is known', {
    percent: 0,
    minimum: 0,
  });
  return (round) => {
    const members = Array.from(
      { length: 4 },
      (_, i) => `<member>k8s.${round}.${'t'.repeat(80)}${i}</member>`,
    );
    const entries = Array.from(
      { length: 20 },
      (_, i) =>
        `<entry ip="10.0.0.${i}" from_agent="0" persistent="1"><tag>${members.join('')}</tag></entry>`,
    );
    const read = createRegisteredIpReader()(
      `<response status="success"><result>${entries.join('')}<count>20</count></result></response>`,
    );
    table.beginRead();
    const owned = new Map(read.map(({ ip, tags }) => [ip, [...tags].sort()]));
    table.endRead({ owned, others: new Map(), agreed: true, verifies: true }, round);
    nextBatch(table, { entries: 500, bytes: 1_000_000 }, round);
  };
}

/** A Pod that is relabelled over and over, each time to a tag that spoils its whole message. */
function guiltyTags(): (round: number) => void {
  const suspects = new Suspects();
  return (round) => {
    const share = { address: '10.0.0.1', register: [`k8s.${'t'.repeat(100)}${round}`], unregister: [] };
    suspects.began({ batch: [share] }).refused(round, 1);
    suspects.release('10.0.0.1');
  };
}

/** The device takes two tags, and each probe is of another address of another namespace. */
function tagLimits(): (round: number) => void {
  let at = 0;
  const evidence = new TagEvidence({
    namespaceOf: (address) => `namespace-of-${address}`,
    mostTaken: () => 2,
  });
  const limit = { kind: 'tags', isCertain: true, figure: 2 } as const;
  return (round) => {
    const now = round * 700_000;
    const crowded = Array.from({ length: 17 }, () => hostOf((at += 1)));
    for (const address of evidence.probe(now, () => crowded)) {
      const item = { address, register: ['k8s.c'], unregister: [], causes: new Map(), since: 0 };
      const refusedPair = { section: 'register', address, tag: 'k8s.c', message: 'no', limit } as const;
      evidence.answered({ batch: [item], refusedPairs: [refusedPair], tagsAt: () => 2 }, now);
    }
    if (evidence.limit === undefined) {
      const address = hostOf((at += 1));
      const refusedPair = { section: 'register', address, tag: 'k8s.c', message: 'no', limit } as const;
      const item = { address, register: ['k8s.c'], unregister: [], causes: new Map(), since: 0 };
      evidence.answered({ batch: [item], refusedPairs: [refusedPair], tagsAt: () => 2 }, now);
    }
  };
}

/** A full device that refuses ever new addresses of ever new namespaces, 16 at a time. */
function room(): (round: number) => void {
  const evidence = new CapacityEvidence();
  return (round) => {
    const refused = Array.from({ length: 16 }, (_, i) => ({
      address: hostOf(round * 16 + i),
      namespace: `namespace-${round}-${i}`,
      isCertain: true,
    }));
    evidence.probe(round * 700_000);
    evidence.answered({ freed: 0, taken: 0, isProbeTaken: false, refused, entries: 100 }, round * 700_000);
  };
}

/** A device that confirms everything and has nothing of it, at 100 addresses that are relabelled over and over. */
function contradictions(): (round: number) => void {
  const seen = new Contradictions();
  return (round) => {
    const tags = Array.from({ length: 16 }, (_, i) => `k8s.${round}.${'t'.repeat(80)}${i}`).sort();
    const address = `10.0.0.${round % 100}`;
    seen.see(address, { believed: { tags, unsure: [] }, read: [], desired: tags });
  };
}

/** A key that is refused as soon as the next one is there. */
function logins(): (round: number) => Promise<void> {
  let made = 0;
  let now = 0;
  const credentials = passwordCredentials({
    secrets: ['password'],
    obtain: async () => {
      const key = `${(made += 1)}`.padEnd(2000, 'k');
      return { secrets: [key], headers: { 'x-pan-key': key } };
    },
    now: () => now,
  });
  return async () => {
    now += 120_000;
    const { signal } = new AbortController();
    await credentials.replacement(await credentials.pass(signal), signal);
    credentials.secrets();
  };
}

export const ofDevices = {
  refusalWords,
  deviceNames,
  pages,
  guiltyTags,
  tagLimits,
  room,
  contradictions,
  logins,
};
