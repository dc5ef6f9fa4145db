/** Asks for the next piece while the present one is worked on. */
export async function* ahead<Piece>(pieces: AsyncGenerator<Piece>): AsyncGenerator<Piece> {
  let asked = pieces.next();
  for (;;) {
    const step = await asked;
    if (step.done) return;
    asked = pieces.next();
    asked.catch(() => {}); // Told when it is this one's turn, if it comes.
    yield step.value;
  }
}
