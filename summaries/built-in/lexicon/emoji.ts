/** Valences of what is no word; `❤` stands for all hearts but the broken one. */
const VALENCES: readonly (readonly [number, RegExp])[] = [
  [2.5, /[😍🥰😘🤩💖💗💓💕💞💜💙💚🧡💛❤♥🥳🎉👏🙌💯]/gu],
  [
    2,
    /[😀😃😄😁😆😂🤣😊🙂😉😇😋😎🤗👍🙏👌💪✨🌟⭐😻🥹☺]|:-?[)D]+(?!\w)|;-?\)|<3|\bxd\b|=\)|\^\^/giu,
  ],
  [-1, /[😕🙁☹😟😔😞😓😬😒🙄😐🤔😅😢🥺]|:-?[(/|]+(?!\w)|:'\(/gu],
  [-2.5, /[😡😠🤬😤👎💔😭😩😫🤮🤢💩🖕😱😣]/gu],
];

/** The sum of a text's emoji and emoticons; of a row of the same ones the second and third count half. */
export function emojiValence(text: string): number {
  let sum = 0;
  for (const [valence, pattern] of VALENCES) {
    const count = text.match(pattern)?.length ?? 0;
    if (count > 0) sum += valence * (1 + Math.min(count - 1, 2) / 2);
  }
  return sum;
}
