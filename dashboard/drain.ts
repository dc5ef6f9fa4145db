import type { ServerResponse } from 'node:http';

/** Ends connections with the answers that are under way, once it has begun. */
export interface Drain {
  watch(response: ServerResponse): void;
  begin(): void;
}

/**
 * A server that closes leaves each busy connection open after its answer, for as long as the client
 * likes. To end those that idle instead could cut off an answer that is still on its way.
 */
export function openDrain(): Drain {
  const underWay = new Set<ServerResponse>();
  let hasBegun = false;
  return {
    watch(response) {
      if (hasBegun) response.shouldKeepAlive = false;
      underWay.add(response);
      response.once('close', () => underWay.delete(response));
    },
    begin() {
      hasBegun = true;
      for (const response of underWay) response.shouldKeepAlive = false;
    },
  };
}
