import { PipelineError } from '../../domain/errors.ts';

const AGAIN_MS = 5_000;

/** The archive does not answer, or refuses us: nothing is lost, and the same again later will do. */
export const coldUnreachable = (doing: string, cause: unknown) =>
  new PipelineError('COLD_UNREACHABLE', `the archive does not answer: ${doing}: ${told(cause)}`, {
    retry: { afterMs: AGAIN_MS }, // An outage counts as no attempt of a job.
    cause,
  });

/** No retry brings it back. */
export const objectMissing = (key: string) =>
  new PipelineError('OBJECT_MISSING', `the archive has no object ${key}`, { retry: 'never' });

export const objectExists = (key: string) =>
  new PipelineError('OBJECT_EXISTS', `the archive has an object ${key} already`, {
    retry: 'never',
  });

/** The bytes are not those that were written: no retry can repair a Segment. */
export const segmentCorrupt = (key: string, why: string) =>
  new PipelineError('SEGMENT_CORRUPT', `segment ${key}: ${why}`, { retry: 'never' });

/** The kind of a fault, not its words: an SDK's may quote what it was given. */
function told(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown fault';
  if ('code' in cause && typeof cause.code === 'string') return cause.code;
  return cause.name;
}

/** The job finds out what is left to be done when it is tried again. */
export const segmentGivenUp = (key: string) =>
  new PipelineError('SEGMENT_GIVEN_UP', `segment ${key}: somebody else took this over`, {
    retry: 'backoff',
  });

export function isGivenUp(error: unknown): boolean {
  return error instanceof PipelineError && error.code === 'SEGMENT_GIVEN_UP';
}

/** The Catalogue names Segments, and nobody told us where they lie. */
export const coldUnconfigured = () =>
  new PipelineError(
    'COLD_UNREACHABLE',
    'part of this history is in the archive, and this process was not told where that is; set ARCHIVE_URL',
    { retry: { afterMs: AGAIN_MS } },
  );
