import { createHmac, randomBytes } from 'node:crypto'
import { mkdir, readFile, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import {
  asCoded,
  badgeSchema,
  CodedError,
  newEvent,
  type OperatorSigned,
  operatorRefSchema,
  type LineSpec,
  parseStrict,
  type PartStore,
} from '../../contracts/index.ts'
import type { OperatorPort, OperatorsAnswer } from '../../dashboard/index.ts'
import { dropLeftovers, replaceDurably } from '../../traceability/index.ts'
import { z } from 'zod'
import { log } from '../setup/log.ts'

const bookSchema = z.strictObject({
  /** Who is signed on, by station. */
  stations: z.record(z.string(), operatorRefSchema),
  people: z.array(
    z.strictObject({
      ref: operatorRefSchema,
      /** HMAC-SHA-256 of the badge, hex, by which the same person is known again. */
      tag: z.string().regex(/^[0-9a-f]{64}$/),
      /** Absent where the line file says to keep none. */
      name: badgeSchema.optional(),
    }),
  ),
})
type Book = z.infer<typeof bookSchema>

const KEY_BYTES = 32
/** For nobody else to read. */
const PRIVATE = 0o600

/**
 * Who is signed on at the stations. The log gets a random reference alone; which person it stands for is in
 * `operators.json` of the data directory and nowhere else, so that forgetting a person is taking out a line of that file.
 */
export class Operators implements OperatorPort {
  readonly #file: string
  readonly #key: Buffer
  readonly #spec: LineSpec
  readonly #store: Pick<PartStore, 'emit'>
  #book: Book
  /** One change after the other. */
  #work: Promise<unknown> = Promise.resolve()

  private constructor(
    o: { file: string; key: Buffer; book: Book },
    spec: LineSpec,
    store: Pick<PartStore, 'emit'>,
  ) {
    this.#file = o.file
    this.#key = o.key
    this.#book = o.book
    this.#spec = spec
    this.#store = store
  }

  /**
   * A file that cannot be read any more is no reason not to start: it is set aside and nobody is signed on.
   *
   * @throws CFG_DATA_DIR when file or key cannot be read or written; TRC_WRITE
   */
  static async open(dataDir: string, spec: LineSpec, store: Pick<PartStore, 'emit'>): Promise<Operators> {
    const file = join(dataDir, 'operators.json')
    // Names of people are in one place only.
    await dropLeftovers(dataDir, 'operators.json.')
    const book = await bookOf(file)
    const operators = new Operators(
      { file, key: await keyOf(dataDir, book.people.length), book },
      spec,
      store,
    )
    const { signedOn, names } = spec.operators
    if (!names) await operators.#change(() => operators.#dropNames())
    for (const { id } of spec.stations)
      if (signedOn !== undefined && operators.at(id) === undefined) await operators.signOn(id, signedOn)
    return operators
  }

  /** Reference of who is signed on at a station. */
  at(station: string): string | undefined {
    return this.#book.stations[station]
  }

  list(): OperatorsAnswer {
    const known = this.#book.people.map(({ ref, name = null }) => ({ ref, name }))
    return {
      stations: this.#spec.stations.map(({ id }) => ({
        station: id,
        operator: known.find((k) => k.ref === this.at(id)) ?? null,
      })),
      known,
    }
  }

  /** @param badge null signs off @throws TRC_NOT_FOUND for a station that the line does not have; TRC_WRITE */
  signOn(station: string, badge: string | null): Promise<void> {
    return this.#change(async () => {
      if (!this.#spec.stations.some((s) => s.id === station))
        throw new CodedError('TRC_NOT_FOUND', {
          expected: `a station: ${this.#spec.stations.map((s) => s.id).join(', ')}`,
          actual: station,
        })
      const { [station]: before, ...others } = this.#book.stations
      const person = badge === null ? null : this.#person(badge)
      const operatorRef = person?.ref ?? null
      if (operatorRef === (before ?? null)) return
      // On record first: what is not in the log has not happened.
      await this.#tell({ station, operatorRef })
      const known = this.#book.people.filter((p) => p.ref !== operatorRef)
      await this.#keep({
        stations: operatorRef === null ? others : { ...others, [station]: operatorRef },
        people: person === null ? known : [...known, person],
      })
    })
  }

  /** The reference stays in the log and stands for nobody from now on. @throws TRC_NOT_FOUND, TRC_WRITE */
  forget(ref: string): Promise<void> {
    return this.#change(async () => {
      if (!this.#book.people.some((p) => p.ref === ref))
        throw new CodedError('TRC_NOT_FOUND', { expected: 'the reference of an operator', actual: ref })
      const on = Object.entries(this.#book.stations).filter(([, at]) => at === ref)
      for (const [station] of on) await this.#tell({ station, operatorRef: null })
      await this.#keep({
        stations: Object.fromEntries(Object.entries(this.#book.stations).filter(([, at]) => at !== ref)),
        people: this.#book.people.filter((p) => p.ref !== ref),
      })
    })
  }

  /** Kept before the line file said to keep none. */
  async #dropNames(): Promise<void> {
    const { stations, people } = this.#book
    if (people.some((p) => p.name !== undefined))
      await this.#keep({ stations, people: people.map(({ ref, tag }) => ({ ref, tag })) })
  }

  #person(badge: string): Book['people'][number] {
    const tag = createHmac('sha256', this.#key).update(badge.normalize('NFKC').toLowerCase()).digest('hex')
    const ref = this.#book.people.find((p) => p.tag === tag)?.ref ?? `op-${randomBytes(8).toString('hex')}`
    return { ref, tag, ...(this.#spec.operators.names && { name: badge }) }
  }

  #change(work: () => Promise<void>): Promise<void> {
    const done = this.#work.then(work)
    this.#work = done.catch(() => undefined)
    return done
  }

  #tell(data: OperatorSigned): Promise<void> {
    const { plant, line } = this.#spec
    return this.#store.emit(
      newEvent({
        type: 'qe.operator.signed.v1',
        source: `/plants/${plant}/lines/${line}/stations/${data.station}`,
        subject: `station/${data.station}`,
        partitionkey: line,
        data,
      }),
    )
  }

  async #keep(book: Book): Promise<void> {
    await replaceDurably(this.#file, `${JSON.stringify(book, null, 2)}\n`, PRIVATE).catch(
      (error: unknown) => {
        throw asCoded(error, 'TRC_WRITE', { file: this.#file, expected: 'a file that can be written' })
      },
    )
    this.#book = book
  }
}

async function bookOf(file: string): Promise<Book> {
  const bytes = await bytesOf(file)
  if (bytes === null) return { stations: {}, people: [] }
  try {
    return parseStrict(bytes.toString('utf8'), bookSchema, file)
  } catch (error) {
    const { code, detail } = asCoded(error, 'CFG_INVALID')
    const aside = `${file}.damaged-${new Date().toISOString().replace(/[:.]/g, '-')}`
    await rename(file, aside).catch((cause: unknown) => {
      throw asCoded(cause, 'CFG_DATA_DIR', { file, expected: 'a file that can be renamed' })
    })
    // Not the message: it may say a name.
    log.warn(
      { code, path: detail.path, line: detail.line, aside },
      'who is signed on cannot be read; the file was set aside with the names in it, nobody is signed on',
    )
    return { stations: {}, people: [] }
  }
}

/**
 * Without it nobody can try badges against the tags of a file that got out.
 *
 * @param known people who were told apart by it; where it is gone they are no longer, which is said
 * @throws CFG_DATA_DIR
 */
async function keyOf(dataDir: string, known: number): Promise<Buffer> {
  const file = join(dataDir, 'keys', 'operators.key')
  const kept = await bytesOf(file)
  if (kept?.length === KEY_BYTES) return kept
  if (kept !== null)
    throw new CodedError('CFG_DATA_DIR', {
      file,
      expected: `a key of ${KEY_BYTES} bytes`,
      actual: `${kept.length} bytes`,
      hint: 'put it back from a backup; without it (delete the file) everybody gets a new reference',
    })
  if (known > 0)
    log.warn(
      { file, known },
      'the key that operators are known by is gone: a new one is made, and each gets a new reference at the next sign-on; stop and put the key back from a backup to keep the old ones',
    )
  const key = randomBytes(KEY_BYTES)
  try {
    await mkdir(dirname(file), { recursive: true })
    await replaceDurably(file, key, PRIVATE)
  } catch (error) {
    throw asCoded(error, 'CFG_DATA_DIR', { file, expected: 'a file that can be written' })
  }
  return key
}

/** Null where there is no such file. @throws CFG_DATA_DIR when it cannot be read */
async function bytesOf(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw asCoded(error, 'CFG_DATA_DIR', { file, expected: 'a file that can be read' })
  }
}
