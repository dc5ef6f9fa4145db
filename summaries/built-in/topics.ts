import { withoutAccents } from './words.ts';

/** What customers write about, and the stems by which it is known, in both languages, without accents. */
const TOPICS: Readonly<Record<string, RegExp>> = {
  delivery:
    /\b(?:entreg|frete|rastre|correios|transportadora|encomenda|deliver|shipp|tracking|courier|parcel|chegou|arriv)/g,
  order: /\b(?:pedid|compra|orders?\b|ordered|purchas)/g,
  payment:
    /\b(?:pag(?:ar|amento|uei|o\b)|boleto|cartao|pix\b|fatura|parcel(?:a|ad)|cobranc|cobrad|pay(?:ment|ing)?\b|credit card|invoice|charg|billing)/g,
  refund: /\b(?:reembols|estorn|dinheiro de volta|refund|money back|chargeback)/g,
  return: /\b(?:devolu|devolv|troca(?:r|s)?\b|return(?:ed|ing)? (?:it|the|an|my)|exchange)/g,
  cancellation: /\b(?:cancel)/g,
  account: /\b(?:cadastr|minha conta|login|senha|acess(?:ar|o)|account|password|sign in|log in)/g,
  'technical problem':
    /\b(?:erro|bug|trav(?:a|ou|ando)|nao funciona|nao abre|quebrad|defeito|falha|error|crash|broken|not working|doesn'?t work|install|kernel|driver|freez)/g,
  booking:
    /\b(?:reserv|agend|marcar|consulta|horario|book(?:ed|ing)?\b|appointment|schedul|ticket|flight|hotel|table for)/g,
  price:
    /\b(?:prec[oi]|valor|desconto|cupom|promoc|quanto custa|price|cost|discount|coupon|cheap)/g,
  complaint: /\b(?:reclam|procon|absurd|descaso|advogad|complain|unacceptable|ridiculous|lawyer)/g,
};

/** The topics of texts, those mentioned most often first. */
export function topicsOf(texts: readonly string[]): string[] {
  const plain = withoutAccents(texts.join('\n')).toLowerCase();
  return Object.entries(TOPICS)
    .map(([topic, pattern]) => ({
      topic,
      times: plain.match(pattern)?.length ?? 0,
    }))
    .filter(({ times }) => times > 0)
    .toSorted((a, b) => b.times - a.times)
    .map(({ topic }) => topic);
}
