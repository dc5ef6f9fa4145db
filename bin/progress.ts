/** Shows how far long work is: one line that is rewritten, or plain lines where there is no terminal. */
export interface Progress {
  /** @param count Units done since the last call. */
  advance(count: number): void;
  end(): void;
}

const REDRAW_MS = 100;
const PLAIN_MS = 5_000;
const BAR_LENGTH = 24;

/** @param options.total Units in all; null if nobody knows; a function, if that is only guessed. */
export function openProgress(options: {
  label: string;
  unit: string;
  total: number | null | (() => number | null);
  stream?: NodeJS.WriteStream;
}): Progress {
  const stream = options.stream ?? process.stderr;
  const startedAt = performance.now();
  let done = 0;
  let isEnded = false;
  const draw = () => stream.write(stream.isTTY ? `\r\x1b[K${line()}` : `${line()}\n`);
  const timer = setInterval(draw, stream.isTTY ? REDRAW_MS : PLAIN_MS);
  timer.unref();

  function line(): string {
    const seconds = (performance.now() - startedAt) / 1_000;
    const rate = done / Math.max(seconds, 0.001);
    const { label, unit } = options;
    const total = typeof options.total === 'function' ? options.total() : options.total;
    const speed = `${count(rate)} ${unit}/s`;
    if (total === null) return `${label}  ${count(done)} ${unit}  ${speed}`;
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const left = rate > 0 ? duration((total - done) / rate) : '?';
    const eta = share < 1 ? `${left} left` : `in ${duration(seconds)}`;
    return `${label}  ${bar(share)}  ${count(done)} of ${count(total)} ${unit}  ${speed}  ${eta}`;
  }

  return {
    advance(units) {
      done += units;
    },
    end() {
      if (isEnded) return;
      isEnded = true;
      clearInterval(timer);
      draw();
      if (stream.isTTY) stream.write('\n');
    },
  };
}

function bar(share: number): string {
  const filled = Math.round(share * BAR_LENGTH);
  return `${'█'.repeat(filled)}${'░'.repeat(BAR_LENGTH - filled)} ${String(Math.floor(share * 100)).padStart(3)} %`;
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}
