// The error by which a command is refused as a whole, before anything was applied.

/** Codes of the vendor's page "PAN-OS XML API Error Codes". */
type ErrorCode = 400 | 403 | 6 | 7 | 13 | 15 | 16 | 17 | 18 | 22;

export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Devices were seen to repeat the key (Splunk-Apps #151). */
export class ExpiredKey extends CommandError {
  override readonly name = 'ExpiredKey';

  constructor(key: string) {
    super(400, `Key Expired: ${key} has expired.`);
  }
}
