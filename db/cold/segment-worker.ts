import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import { openSegmentEncoder } from './encode-segment.ts';
import {
  decodeGroup,
  decodeKeys,
  type GroupBytes,
  type SegmentColumns,
  type SegmentKeys,
} from './segment.ts';
import {
  type KnownSegment,
  readFooter,
  type RowGroup,
  type SegmentFooter,
} from './segment-footer.ts';

/** What the thread can be asked, and what it answers; several files may take turns. */
export interface Questions {
  encodeBegin(given: { file: string; companyId: string }): null;
  /** @returns The next bytes of the file. */
  encodeGroup(given: { file: string; columns: SegmentColumns }): Uint8Array<ArrayBuffer>;
  /** @returns Its last bytes. */
  encodeEnd(file: string): Prints & { bytes: Uint8Array<ArrayBuffer>; footerBytes: number };
  /** @param given.footer The last bytes of a file. */
  decodeBegin(given: {
    file: string;
    footer: Uint8Array;
    known: KnownSegment;
  }): readonly RowGroup[];
  /** In order, from the first byte of the file on, so that all of it is seen. */
  decodeGroup(given: GroupBytes & { file: string; nth: number }): SegmentColumns;
  /** The same, for who wants to know the prints alone. */
  checkGroup(given: GroupBytes & { file: string; nth: number }): null;
  /** Of any row group, whatever was read before. */
  decodeKeys(given: GroupBytes & { file: string; nth: number }): SegmentKeys;
  decodeEnd(given: { file: string; tail: Uint8Array }): Prints;
  /** Nobody will ask for it any more: its end was not reached. */
  giveUp(file: string): null;
}

/** What a Segment is known by, in hex. */
export interface Prints {
  /** Of the object. */
  readonly sha256: string;
  /** Of the Messages, whatever they are encoded as. */
  readonly rowsSha256: string;
  readonly rows: number;
}

type Answers = {
  readonly [Kind in keyof Questions]: (
    given: Parameters<Questions[Kind]>[0],
  ) => ReturnType<Questions[Kind]> | Promise<ReturnType<Questions[Kind]>>;
};

const writing = new Map<string, { encoder: Encoder; print: Print }>();
const reading = new Map<string, { footer: SegmentFooter; print: Print }>();

const answers: Answers = {
  encodeBegin({ file, companyId }) {
    writing.set(file, { encoder: openSegmentEncoder(companyId), print: openPrint() });
    return null;
  },
  async encodeGroup({ file, columns }) {
    const { encoder, print } = begun(writing.get(file));
    print.addRows(columns);
    const bytes = await encoder.add(columns);
    print.addBytes(bytes);
    return bytes;
  },
  async encodeEnd(file) {
    const { encoder, print } = begun(writing.get(file));
    writing.delete(file);
    const { bytes, footerBytes } = await encoder.finish();
    print.addBytes(bytes);
    return { bytes, footerBytes, ...print.end() };
  },
  decodeBegin({ file, footer: bytes, known }) {
    const footer = readFooter(bytes, known);
    reading.set(file, { footer, print: openPrint() });
    return footer.groups;
  },
  decodeGroup: decodeNext,
  async checkGroup(given) {
    await decodeNext(given);
    return null;
  },
  decodeKeys({ file, nth, ...cut }) {
    return decodeKeys(begun(reading.get(file)).footer, nth, cut);
  },
  decodeEnd({ file, tail }) {
    const { print } = begun(reading.get(file));
    reading.delete(file);
    print.addBytes(tail);
    return print.end();
  },
  giveUp,
};

function giveUp(file: string): null {
  writing.delete(file);
  reading.delete(file);
  return null;
}

async function decodeNext({ file, nth, ...cut }: GroupBytes & { file: string; nth: number }) {
  const { footer, print } = begun(reading.get(file));
  print.addBytes(cut.bytes);
  const columns = await decodeGroup(footer, nth, cut);
  print.addRows(columns);
  return columns;
}

type Encoder = ReturnType<typeof openSegmentEncoder>;
type Print = ReturnType<typeof openPrint>;

/** Two files have the same prints only if they hold the same. */
function openPrint() {
  const [ofBytes, ofRows] = [createHash('sha256'), createHash('sha256')];
  let rows = 0;
  return {
    addBytes: (bytes: Uint8Array) => void ofBytes.update(bytes),
    addRows(columns: SegmentColumns): void {
      const { conversationNos, conversationIds, clientIds, createdAtMs, messageIds } = columns;
      const { externalIds, roles, contents, metadata } = columns;
      const numbers = [conversationNos, createdAtMs];
      const texts = [conversationIds, clientIds, externalIds, roles, contents, metadata];
      ofRows.update(JSON.stringify([numbers, texts])).update(messageIds);
      rows += columns.conversationNos.length;
    },
    end: (): Prints => ({
      sha256: ofBytes.digest('hex'),
      rowsSha256: ofRows.digest('hex'),
      rows,
    }),
  };
}

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
