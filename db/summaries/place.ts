import type { Names } from '../names.ts';

/** Where a Summary stands: the leading columns of its row. */
export interface SummaryPlace {
  readonly company_no: number;
  readonly conversation_no: number;
}

/** @returns Null if a name is unknown. */
export async function placeOf(
  { names }: { readonly names: Names },
  { companyId, conversationId }: { companyId: string; conversationId: string },
): Promise<SummaryPlace | null> {
  const companyNo = await names.companyNo(companyId);
  if (companyNo === null) return null;
  const conversationNo = await names.conversationNo(companyNo, conversationId);
  if (conversationNo === null) return null;
  return { company_no: companyNo, conversation_no: conversationNo };
}
