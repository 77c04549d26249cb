// A kind of table on a device: the commands that read it, and the messages that change it.

/** A key is what an entry is found by, such as an address. */
export type TableKind<Entry, Message, Refused> = {
  /** Commands of `type=op`; `start` counts from 1, and a device gives 500 entries at most, whatever the limit. */
  readonly commands: {
    readonly count: string;
    readonly page: (start: number, limit: number) => string;
    readonly one: (key: string) => string;
  };
  /** The key of an entry, and any key as entries have it. */
  readonly keyOf: (entry: Entry) => string;
  readonly canonicalKey: (key: string) => string;
  /** Makes a reader of pages. Those of one table are read with one, so that they share what repeats. */
  readonly createReader: () => EntryReader<Entry>;
  /** The command of `type=user-id`. Throws for a message that no caller may build. */
  readonly encode: (message: Message) => string;
  /** Reads the reply to a message: what of it was refused. Throws DeviceError where all of it was, or nothing is known. */
  readonly decode: (reply: string, message: Message) => readonly Refused[];
  /** How large replies may be, in bytes: of a page, and of the answer to a message that is so long. */
  readonly replyBytes: {
    readonly page: (entries: number) => number;
    readonly answer: (message: Message, messageBytes: number) => number;
  };
};

/** Reads the text of one reply. Throws DeviceError for a refusal, and for whatever is no such reply. */
export type EntryReader<Entry> = (text: string) => readonly Entry[];
