/** Texts and ids come from customers: what a terminal would obey is left out, but for line breaks. */
export function printable(text: string): string {
  return text.replaceAll(/[^\P{Cc}\n]/gu, '�');
}
