// Accepts requests: checks access, and finds the device that a request is for.

import type { Access } from '../access/access.ts';
import type { ApiRequest } from './api-request.ts';
import { done, type Call, type Gate, type Reply } from './call.ts';
import { CommandError } from '../xml/command-error.ts';
import { pretended, type Device } from '../device/device.ts';
import { keygenCall, prepareCall, type Receiver } from './device-calls.ts';
import { fillText } from '../failure-texts.ts';
import { isPassive } from '../device/ha.ts';
import type { Fleet } from '../panorama/fleet.ts';
import { keygenReply, refusal } from '../xml/replies.ts';

type EndpointParts = {
  readonly access: Access;
  readonly device: Device;
  /** Of a Panorama. */
  readonly fleet: Fleet | undefined;
};

export class Endpoint {
  readonly #parts: EndpointParts;

  constructor(parts: EndpointParts) {
    this.#parts = parts;
  }

  /** Understands a request. What it asks for happens when the call runs. */
  prepare(request: ApiRequest): Call {
    const { access, device, fleet } = this.#parts;
    const gate: Gate = {
      admit: (need) => access.admit(request, need),
      refuse: (code, text) => this.refuse(code, text),
      refuseExpired: (text) => this.#refuseExpired(text),
    };
    const type = request.parameters.get('type');
    if (type === 'keygen') {
      return keygenCall(device, gate, () => ({ ...done, body: keygenReply(access.generateKey(request)) }));
    }
    const target = request.parameters.get('target') ?? '';
    // Panorama does not hand type=version on (facts 1.13); a firewall does not know `target`.
    if (!fleet || target === '' || type === 'version')
      return prepareCall(request, { device, target: '', gate });
    return prepareCall(request, this.#through(fleet, target, gate));
  }

  /** The answer that refuses a whole request. */
  refuse(code: number, text: string): Reply {
    const asStatus = this.#parts.device.settings.errorsAsHttpStatus && (code === 400 || code === 403);
    return { ...done, httpStatus: asStatus ? code : 200, status: 'error', code, body: refusal(code, text) };
  }

  /** Without XML in two of three forms. */
  #refuseExpired(text: string): Reply {
    const form = this.#parts.device.settings.expiredKey;
    const plain = { ...done, httpStatus: 400, status: 'error', contentType: 'text/html' } as const;
    if (form === 'status-line') return { ...plain, statusText: text, body: '' };
    return form === 'text' ? { ...plain, body: `${text}\n` } : this.refuse(400, text);
  }

  /** A firewall behind this Panorama; one that cannot be reached is told only to who may ask. */
  #through(fleet: Fleet, serial: string, gate: Gate): Receiver {
    const panorama = this.#parts.device;
    const { disconnectedTarget, unknownTarget } = panorama.settings.failureTexts;
    const admit: Gate['admit'] = (need) => {
      const cookie = gate.admit(need);
      const member = fleet.find(serial);
      if (!member?.connected) {
        const text = fillText(member ? disconnectedTarget : unknownTarget, { serial: serial.slice(0, 64) });
        throw new CommandError(13, text);
      }
      return cookie;
    };
    return {
      device: fleet.find(serial)?.device ?? panorama,
      target: serial.slice(0, 64),
      gate: { ...gate, admit },
      onMessage(message) {
        panorama.denyWhenPassive();
        const isSilent = isPassive(panorama.ha) && panorama.settings.whenPassive === 'silent';
        return isSilent ? pretended(message) : undefined;
      },
    };
  }
}
