import { z } from '../zod.ts'
import { i18nTextSchema } from './verdict.schema.ts'

const num = z.number()

const calibrationFactsSchema = z.object({
  mmPerPx: num.positive(),
  originMm: z.tuple([num, num]).readonly(),
})

/** What the viewer needs to know of a recipe. */
export const recipeFactsSchema = z.object({
  recipe: z.string(),
  title: i18nTextSchema,
  product: z.string(),
  calibration: calibrationFactsSchema.nullable(),
  /** SHA-256 under which `/api/images` serves the golden template; null when it travels with each frame or is absent. */
  goldenSha256: z.string().nullable(),
})

const cameraHealthSchema = z.object({
  state: z.enum(['opening', 'online', 'late', 'idle', 'reconnecting', 'offline', 'disabled']),
  frames: num,
  missed: num,
  faults: num,
  restarts: num,
  lastFrameAtMs: num.nullable(),
  lastError: z.string().nullable(),
})

export const lineInfoSchema = z.object({
  line: z.string(),
  plant: z.string(),
  title: i18nTextSchema,
  startedAt: z.string(),
  /** IANA name of the clock that the line goes by. */
  timeZone: z.string(),
  stations: z.array(
    z.object({
      id: z.string(),
      camera: z.string(),
      reject: z.string(),
      recipe: z.string(),
      budgetMs: num,
    }),
  ),
  recipes: z.array(recipeFactsSchema),
  modules: z.array(z.string()),
})

export const alarmSchema = z.object({
  /** Station id, or `line`. */
  station: z.string(),
  alarm: z.string(),
  code: z.string(),
  /** In both languages where the source knows them. */
  message: z.union([z.string(), i18nTextSchema]),
  since: z.string(),
})

const retrySchema = z.object({ position: num, attempts: num, reason: z.string() })

export const lineStateSchema = z.object({
  at: z.string(),
  /** `stopped`: an interlock or an operator asked the line to stop. */
  run: z.enum(['starting', 'running', 'stopped', 'ended']),
  stations: z.array(
    z.object({
      id: z.string(),
      camera: cameraHealthSchema,
      reject: z.object({
        connected: z.boolean(),
        applied: num,
        failed: num,
        lastError: z.string().nullable(),
      }),
    }),
  ),
  inspector: z.object({
    mode: z.enum(['local', 'queue', 'degraded-local']),
    workers: num,
    busy: num,
    queued: num,
    completed: num,
    failed: num,
    restarts: num,
    provider: z.string(),
    degraded: i18nTextSchema.nullable(),
  }),
  store: z.object({
    state: z.enum(['ok', 'late', 'spooling', 'failed']),
    queued: num,
    spooled: num,
    captured: num,
    lastError: z.string().nullable(),
  }),
  /** Receivers outside: how far each has come since the start, and what it did not take. */
  sinks: z.array(
    z.object({
      sink: z.string(),
      /** Last event dealt with. */
      position: num,
      delivered: num,
      dead: num,
      retrying: retrySchema.extend({ since: z.string() }).nullable(),
      lastDead: retrySchema.extend({ at: z.string() }).nullable(),
    }),
  ),
  /** Replication of the log to the store of the plant; absent when none is asked for. */
  plantStore: z
    .object({
      log: z.string(),
      state: z.enum(['starting', 'current', 'behind', 'away', 'refused']),
      /** Events that the plant has, and that the line has. */
      received: num,
      events: num,
      imagesMissing: num,
      fault: z.object({ code: z.string(), message: z.string() }).nullable(),
      currentAt: z.string().nullable(),
      /** Holds of other lines and of the plant: when they were last heard of, and why some could not be recorded. */
      holds: z
        .object({
          heardAt: z.string().nullable(),
          fault: z.object({ code: z.string(), message: z.string() }).nullable(),
        })
        .nullable(),
    })
    .optional(),
  /** Scanners and tag readers beside the cameras. */
  readers: z.array(
    z.object({
      reader: z.string(),
      adapter: z.string(),
      state: z.enum(['closed', 'connecting', 'running']),
      reads: num,
      /** Messages that were no reads. */
      refused: num,
      /** Reads that no part got in time. */
      stray: num,
      lastError: z.string().nullable(),
    }),
  ),
  alarms: z.array(alarmSchema),
  /** Declared degraded modes: working, but less than was asked for. */
  degraded: z.array(z.object({ id: z.string(), text: i18nTextSchema })),
})
