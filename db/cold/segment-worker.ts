import { createHash, type Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import {
  decodeGroup,
  footerBytesOf,
  type GroupBytes,
  openSegmentEncoder,
  readFooter,
  type RowGroup,
  type SegmentColumns,
  type SegmentFooter,
} from './segment.ts';

/** What the thread can be asked, and what it answers; one after the other. */
export interface Questions {
  encodeBegin(companyId: string): null;
  /** @returns The next bytes of the file. */
  encodeGroup(columns: SegmentColumns): Uint8Array<ArrayBuffer>;
  /** @returns Its last bytes. */
  encodeEnd(): Prints & { bytes: Uint8Array<ArrayBuffer>; footerBytes: number };
  /** @param footer The last bytes of a file. */
  decodeBegin(footer: Uint8Array): readonly RowGroup[];
  /** In order, from the first byte of the file on, so that all of it is seen. */
  decodeGroup(group: GroupBytes & { nth: number }): SegmentColumns;
  decodeEnd(tail: Uint8Array): Prints;
}

/** What a Segment is known by, in hex. */
export interface Prints {
  /** Of the object. */
  readonly sha256: string;
  /** Of the Messages, whatever they are encoded as. */
  readonly rowsSha256: string;
}

type Answers = {
  readonly [Kind in keyof Questions]: (
    given: Parameters<Questions[Kind]>[0],
  ) => ReturnType<Questions[Kind]> | Promise<ReturnType<Questions[Kind]>>;
};

let encoder: ReturnType<typeof openSegmentEncoder> | undefined;
let footer: SegmentFooter | undefined;
let ofBytes: Hash;
let ofRows: Hash;

const answers: Answers = {
  encodeBegin(companyId) {
    encoder = openSegmentEncoder(companyId ?? '');
    beginPrints();
    return null;
  },
  async encodeGroup(columns) {
    if (!columns) throw new Error('no columns');
    printRows(columns);
    const bytes = await begun(encoder).add(columns);
    ofBytes.update(bytes);
    return bytes;
  },
  async encodeEnd() {
    const bytes = await begun(encoder).finish();
    ofBytes.update(bytes);
    return { bytes, footerBytes: footerBytesOf(bytes), ...prints() };
  },
  decodeBegin(bytes) {
    footer = readFooter(bytes ?? new Uint8Array());
    beginPrints();
    return footer.groups;
  },
  async decodeGroup(group) {
    if (!group) throw new Error('no row group');
    ofBytes.update(group.bytes);
    const columns = await decodeGroup(begun(footer), group.nth, group);
    printRows(columns);
    return columns;
  },
  decodeEnd(tail) {
    ofBytes.update(tail ?? new Uint8Array());
    return prints();
  },
};

function beginPrints(): void {
  ofBytes = createHash('sha256');
  ofRows = createHash('sha256');
}

/** All that a row group holds: two have the same print only if they hold the same. */
function printRows({ messageIds, ...columns }: SegmentColumns): void {
  ofRows.update(JSON.stringify(columns)).update(messageIds);
}

const prints = (): Prints => ({
  sha256: ofBytes.digest('hex'),
  rowsSha256: ofRows.digest('hex'),
});

function begun<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('asked before it was begun');
  return value;
}

parentPort?.on('message', ({ kind, given }: { kind: keyof Questions; given: never }) => {
  Promise.resolve()
    .then(() => answers[kind](given))
    .then(
      (result) => parentPort?.postMessage({ result }),
      (error: unknown) => parentPort?.postMessage({ fault: faultOf(error) }),
    );
});

function faultOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
