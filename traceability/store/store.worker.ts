import { join } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { asCoded, CodedError, type SqlDatabase } from '../../contracts/index.ts'
import { type BatchResult, BatchWriter } from './batch-writer.ts'
import { refuseEmptied } from './emptied.ts'
import { markedImages, removeFiles } from './forgetting.ts'
import { ImageFiles, type StoredImage } from './image-files.ts'
import { migrate } from './migrations.ts'
import { openSql } from './open-sql.ts'
import { OwnDatabase } from './own-database.ts'
import { keepSchema } from './schema-check.ts'
import { migratePostgres } from '../plant/migrations.ts'
import { openPostgres } from '../plant/postgres.ts'
import { SIDE_TABLES } from '../plant/replica-tables.ts'
import {
  type StoredTemplate,
  type StoreReply,
  type StoreRequest,
  type StoreResult,
  type ThreadMessage,
  toWire,
} from './store-ops.ts'

/** The thread that owns the database: one writer connection, group commit. Started by StoreThread only. */
export interface StoreWorkerData {
  dataDir: string
  synchronous: 'full' | 'normal'
  /** Records go there instead of `trace.db`. */
  database?: { url: string; schema: string }
}

async function openDatabase(
  { dataDir, synchronous, database }: StoreWorkerData,
  onSaid: (why: CodedError) => void,
): Promise<SqlDatabase> {
  const file = join(dataDir, 'trace.db')
  const db = database
    ? await openPostgres(database.url, { schema: database.schema })
    : openSql(file, { synchronous, onWalLeft: onSaid })
  try {
    if (database) migratePostgres(db, database.schema, 'line')
    else {
      refuseEmptied(db, dataDir, file)
      const why = keepSchema(db, file)
      if (why !== null) onSaid(why)
      migrate(db, file)
    }
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** The last id of those that have no place in the log. */
function newestNote(db: SqlDatabase): string | null {
  const ids = SIDE_TABLES.map(
    (t) => db.get<{ id: string | null }>(`select max(id) as id from ${t}`)?.id ?? '',
  )
  return ids.sort().at(-1) || null
}

/** Requests per transaction: bounds how long one commit can keep the next one waiting. */
const MAX_BATCH = 256

interface Waiting {
  request: StoreRequest
  /** Settles when the image is durable; never rejects. */
  image: Promise<StoredImage | null | CodedError>
}

async function start(): Promise<void> {
  const port = parentPort
  if (port === null)
    throw new CodedError('TRC_OPEN', { expected: 'to run as a worker thread', actual: 'the main thread' })
  const { dataDir } = workerData as StoreWorkerData
  const say = (reply: StoreReply): void => port.postMessage(reply)
  let db: SqlDatabase | undefined
  let writer: BatchWriter
  /** Null = a server keeps the records. */
  let own: OwnDatabase | null
  try {
    const data = workerData as StoreWorkerData
    db = await openDatabase(data, (why) => say({ kind: 'said', error: toWire(why) }))
    writer = new BatchWriter(db)
    own = data.database ? null : new OwnDatabase(db, join(dataDir, 'trace.db'))
  } catch (error) {
    db?.close()
    say({ kind: 'broken', error: toWire(asCoded(error, 'TRC_OPEN')) })
    port.close()
    return
  }
  const images = new ImageFiles(dataDir)
  const queue: Waiting[] = []
  /** Deleted for want of room, their files perhaps still there. */
  let doomed = markedImages(db)
  /** Answers to deletions, given when the files are gone: who is told earlier sees no room yet and deletes more. */
  let owed: StoreResult[] = []
  let running = false
  let closing = false

  const settle = async (batch: readonly Waiting[]): Promise<void> => {
    const ready = await Promise.all(batch.map((w) => w.image))
    const results: StoreResult[] = []
    const good = batch.flatMap(({ request }, i) => {
      const image = ready[i] ?? null
      if (!(image instanceof CodedError)) return [{ request, image }]
      results.push({ id: request.id, ok: false, error: toWire(image) })
      return []
    })
    const before = writer.position
    // Looked at on both sides of the commit, which may wait for the disk for long.
    const astray = own?.astray() ?? null
    const outcomes = astray === null ? writer.commit(good) : refused(good, astray)
    const since = astray ?? own?.astray() ?? null
    ;(since === null ? outcomes : refused(good, since)).forEach((result, i) => {
      const request = good[i]?.request
      const deleted = result.ok && request?.op === 'deleteImages'
      if (deleted) doomed.push(...request.ask.data.images)
      const id = request?.id ?? -1
      const told = deleted ? owed : results
      told.push(
        result.ok ? { id, ok: true, value: result.value } : { id, ok: false, error: toWire(result.error) },
      )
    })
    say({ kind: 'results', results, appended: writer.position > before })
  }

  const pump = async (): Promise<void> => {
    if (running) return
    running = true
    while (queue.length > 0) {
      await settle(queue.splice(0, MAX_BATCH))
      // Whatever arrived during the commit is still in the port; let it in before the next one.
      await new Promise((resolve) => setImmediate(resolve))
    }
    // Nothing is on its way to disk now.
    if (db && doomed.length > 0) removeFiles(db, dataDir, doomed)
    doomed = []
    if (owed.length > 0) say({ kind: 'results', results: owed, appended: false })
    owed = []
    running = false
    if (closing) close()
  }

  const close = (): void => {
    db?.close()
    port.close()
  }

  port.on('message', (message: ThreadMessage) => {
    if (message.kind === 'close') {
      closing = true
      void pump()
      return
    }
    for (const request of message.requests) queue.push({ request, image: imageOf(images, request) })
    void pump()
  })
  say({ kind: 'ready', newest: newestNote(db) })
}

const refused = (items: readonly unknown[], error: CodedError): BatchResult[] =>
  items.map(() => ({ ok: false, error }))

async function imageOf(images: ImageFiles, request: StoreRequest): Promise<StoredImage | null | CodedError> {
  if (request.op !== 'capture') return null
  try {
    const { image } = request.ask
    if (image === null) return null
    const { meta, bytes, widthPx, heightPx, template } = image
    // Side by side: a template is a file of its own, and most are there already.
    const [own, other] = await Promise.all([
      images.put(meta, bytes, widthPx, heightPx),
      template && putTemplate(images, template, widthPx, heightPx),
    ])
    return other === undefined ? own : { ...own, template: other }
  } catch (error) {
    // The disk's refusals have a code; what has none lies in the request.
    return asCoded(error, 'TRC_BINDING')
  }
}

const putTemplate = (
  images: ImageFiles,
  { bytes, format, sha256 }: StoredTemplate,
  widthPx: number,
  heightPx: number,
): Promise<StoredImage> => images.put({ format, view: '' }, bytes, widthPx, heightPx, sha256)

void start()
