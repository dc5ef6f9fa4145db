import { z } from 'zod';
import { retryAfterMs } from '../../domain/backoff.ts';
import { PipelineError } from '../../domain/errors.ts';
import { busy, notTheProtocol, outOfQuota, refused, unreachable } from './faults.ts';

/** What an error of the library tells of an answer that is no success. */
const Refusal = z.object({
  status: z.number(),
  code: z.string().nullish().catch(null),
  headers: z.instanceof(Headers),
});
type Refusal = z.infer<typeof Refusal>;

/** The server does not take a request of this form; another may be to its liking. */
export function isRefusedForm(error: unknown): boolean {
  const status = Refusal.safeParse(error).data?.status;
  return status === 400 || status === 422;
}

/** What a failed request means for the job. */
export function faultOf(error: unknown): PipelineError {
  const refusal = Refusal.safeParse(error);
  if (refusal.success) return faultOfRefusal(refusal.data);
  const causes = causesOf(error);
  const ours = causes.find((cause) => cause instanceof PipelineError);
  if (ours) return ours;
  if (error instanceof SyntaxError) return notTheProtocol();
  return unreachable(causes.map(codeOf).find((code) => code !== null) ?? 'the connection broke');
}

function faultOfRefusal({ status, code, headers }: Refusal): PipelineError {
  const pauseMs = retryAfterMs(headers.get('retry-after'), Date.now());
  if (status === 429) return code === 'insufficient_quota' ? outOfQuota() : busy(pauseMs);
  if (status === 503 && pauseMs !== null) return busy(pauseMs);
  if (status >= 500 || status === 408) return unreachable(`HTTP ${status}`);
  return refused(status);
}

const CAUSES_MAX = 5;

function causesOf(error: unknown): unknown[] {
  const causes = [error];
  for (let at = error; at instanceof Error && causes.length < CAUSES_MAX; at = at.cause) {
    causes.push(at.cause);
  }
  return causes;
}

/** Such as ECONNREFUSED. */
function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}
