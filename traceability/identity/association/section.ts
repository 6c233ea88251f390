import type { ArrivedPart, AssociatedRead, CodeRead, IdentityRead } from '../../../contracts/index.ts'
import type { AssociationProblem } from './problem.ts'

/** What one section of `association:` gives a part. */
export interface Given {
  reads: AssociatedRead[]
  problem: AssociationProblem | null
}

/** A read that no part got in time. */
export interface StrayRead {
  /** `unplaced`: it does not say what its association goes by; `unclaimed`: no part came to its place. */
  reason: 'late' | 'double' | 'unclaimed' | 'unplaced'
  reader: string
  text: string
  symbologyId: string
  /** ms of `monoMs` */
  atMs: number
  /** The part it belongs to, when that is known. */
  part: { trigger: number; attempt: number } | null
  message: string
}

/** One way in which parts of a station get reads. Parts arrive in order and are taken once each, in any order. */
export interface Section {
  arrive(part: ArrivedPart): void
  /** Nothing that may still come can change what the part gets. */
  complete(part: ArrivedPart): boolean
  /** A read may come until then, ms of `monoMs`. */
  openUntilMs(part: ArrivedPart): number
  take(part: ArrivedPart): Given
}

/** A section that a reader feeds. */
export interface ReaderSection extends Section {
  readonly reader: string
  read(read: IdentityRead): void
}

/** The read as a code of the part, beside those that the image tools found. No tool of a recipe is called so. */
export const readAsCode = (
  { source, text, symbologyId }: IdentityRead,
  associatedBy: AssociatedRead['associatedBy'],
): AssociatedRead => ({
  tool: `reader:${source}`,
  ok: text !== '',
  symbology: text.startsWith('urn:epc:') ? 'RFID' : '',
  symbologyId,
  text,
  corners: [],
  ...(text === '' && { error: 'the reader read nothing' }),
  associatedBy,
})

/** Kept with the part as what was seen, but naming nobody. */
export const inDoubt = <R extends CodeRead>(read: R, problem: AssociationProblem): R =>
  read.ok ? { ...read, ok: false, error: `${problem.kind}: ${problem.error.message}` } : read

export const strayRead = (
  { source, text, symbologyId, atMs }: IdentityRead,
  reason: StrayRead['reason'],
  part: StrayRead['part'],
  message: string,
): StrayRead => ({ reason, reader: source, text, symbologyId, atMs, part, message })
