import type { PipelineError } from '../domain/errors.ts';

/** What became of one Message of a call. */
export type Verdict =
  | { readonly isAccepted: true; readonly messageId: string }
  | {
      readonly isAccepted: false;
      /** The id to send it again with; null if it has none. */
      readonly messageId: string | null;
      readonly error: PipelineError & { readonly field: string | null };
    };

/** A verdict as it goes out. */
export function toShape(verdict: Verdict): object {
  if (verdict.isAccepted) return verdict;
  const { messageId, error } = verdict;
  const { code, field, message } = error;
  return { isAccepted: false, messageId, code, field, detail: message };
}
