export interface CallOptions {
  /** Ends the call, which then throws what the signal gives as its reason. */
  readonly signal?: AbortSignal;
}
