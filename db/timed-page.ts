import { PipelineError } from '../domain/errors.ts';

/** A page read from the tiers, without the cache. */
export interface PageEvent {
  readonly isOk: boolean;
  readonly ms: number;
}

/** Tells how long a page took. A question that is wrong itself is nobody's fault here, so not told. */
export async function timedPage<Page>(
  observe: (event: PageEvent) => void,
  read: () => Promise<Page>,
): Promise<Page> {
  const startedAt = performance.now();
  const tell = (isOk: boolean) => observe({ isOk, ms: performance.now() - startedAt });
  try {
    const page = await read();
    tell(true);
    return page;
  } catch (error) {
    if (!(error instanceof PipelineError)) tell(false);
    throw error;
  }
}
