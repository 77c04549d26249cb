// The error by which a command is refused as a whole, before anything was applied.

/** Codes of the vendor's page "PAN-OS XML API Error Codes". */
export type ErrorCode = 400 | 403 | 6 | 7 | 13 | 15 | 16 | 17 | 18 | 22;

export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
