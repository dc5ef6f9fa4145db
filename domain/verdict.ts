/** What became of one Message handed to the hot tier. */
export type Verdict =
  | {
      readonly outcome: 'stored';
      /** Somebody had its Conversation's page in the cache, so it is worth filling again. */
      readonly wasRead: boolean;
    }
  | { readonly outcome: 'duplicate' }
  | { readonly outcome: 'refused'; readonly reason: string };
