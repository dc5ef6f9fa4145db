/** The package has none of its own. */
declare module 'stopword' {
  export const eng: readonly string[];
  export const por: readonly string[];
}
