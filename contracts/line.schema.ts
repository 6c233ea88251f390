import { z } from 'zod'
import { ffmpegInputSchema, hostSchema, httpUrlSchema } from './address.schema.ts'
import { budgetMs, durationMs as ms, ratePerS } from './duration.schema.ts'
import { teachSpecSchema } from './teach.schema.ts'
import { watchSchema } from './life.schema.ts'
import { associationSchema, checkAssociations } from './association.schema.ts'
import { dashboardSchema } from './dashboard.schema.ts'
import { DATASET_LAYOUTS } from './dataset-layouts.ts'
import { readersSchema } from './identity-source.schema.ts'
import { checkTokens } from './open-hosts.ts'
import { operatorsSchema } from './operator.schema.ts'
import { partPlaceSchema } from './part-place.schema.ts'
import { plantStoreSchema } from './plant-store.schema.ts'
import { resolverSchema } from './resolver.schema.ts'
import { retentionSchema } from './retention.schema.ts'
import { checkSharedPlaces, firstRegister } from './shared-places.ts'
import { shiftsSchema } from './shift.schema.ts'
import { sinksSchema } from './sink.schema.ts'

const id = z.string().regex(/^[a-z0-9][a-z0-9-]*$/, 'lower-case letters, digits and dashes')

const cameraBase = {
  view: id.default('top'),
  /** Frames older than this when they reach us are no-verdicts, ms. */
  staleMs: ms.default(5_000),
  /** After this many identical images in a row the stream counts as frozen, until as many differ; 0 = never. */
  frozenAfter: z.number().int().nonnegative().default(0),
  /** What to do when all slots are taken: wait (free-running sources slow down) or report the trigger as missed. */
  backPressure: z.enum(['wait', 'miss']).default('miss'),
}

const restart = z
  .strictObject({ max: z.number().int().nonnegative().default(5), withinMs: ms.default(60_000) })
  .prefault({})

/** Files of a folder or data set, in a fixed order, at a set rate. */
const replayCamera = z.strictObject({
  ...cameraBase,
  adapter: z.literal('replay'),
  /** Folder or data-set root; relative to the line file. `${VAR}` and `${VAR:-default}` come from the environment. */
  path: z.string().min(1),
  /** Layout of the folder. */
  dataset: z.enum(DATASET_LAYOUTS).default('folder'),
  split: z.string().optional(),
  /** Frames per second; `max` = as fast as the pipeline takes them; `triggered` = one per trigger of the PLC. */
  rate: z.union([ratePerS, z.literal('max'), z.literal('triggered')]),
  loop: z.boolean().default(false),
  /** Send decoded pixels instead of the file's bytes. */
  raw: z.boolean().default(false),
})

/** The seeded sample board line. */
const sampleCamera = z.strictObject({
  ...cameraBase,
  adapter: z.literal('sample-line'),
  seed: z.number().int().nonnegative().default(1),
  /** Share of boards with at least one defect, 0..1. */
  defectRate: z.number().min(0).max(1).default(0.15),
  rate: z.union([ratePerS, z.literal('max'), z.literal('triggered')]),
  /** Stop after this many boards; absent = endless. */
  count: z.number().int().positive().optional(),
  /** Also state receipts of material, packing and shipment of its boards, marked as simulated. */
  logistics: z.boolean().default(false),
})

/** A worker or smart camera posts frames to `POST /ingest/<station>`. */
const httpPushCamera = z.strictObject({
  ...cameraBase,
  adapter: z.literal('http-push'),
  /** Absent = 127.0.0.1 only. */
  host: hostSchema.default('127.0.0.1'),
  port: z.number().int().min(0).max(65_535),
  /** Required bearer token when `host` is not a loopback address. */
  token: z.string().min(16).optional(),
  maxBytes: z
    .number()
    .int()
    .positive()
    .default(64 * 1024 * 1024),
})

/** Whatever ffmpeg reads: RTSP, V4L2, file, test source. */
const ffmpegCamera = z.strictObject({
  ...cameraBase,
  adapter: z.literal('ffmpeg'),
  /** Arguments up to and including `-i <input>`. */
  input: ffmpegInputSchema,
  widthPx: z.number().int().positive(),
  heightPx: z.number().int().positive(),
  pixel: z.enum(['mono8', 'rgb8']).default('mono8'),
  /** `free`: every frame is a trigger. `triggered`: the newest frame after each trigger. */
  mode: z.enum(['free', 'triggered']).default('free'),
  /**
   * How long a trigger waits for the first frame after it, ms; later ones show another part. Absent = two frame
   * periods as measured, at least 100 ms.
   */
  timeoutMs: ms.optional(),
  /** No frame for this long: restart, ms. */
  watchdogMs: ms.default(5_000),
  restart,
})

export const cameraSchema = z.discriminatedUnion('adapter', [
  replayCamera,
  sampleCamera,
  httpPushCamera,
  ffmpegCamera,
])
export type CameraSpec = z.infer<typeof cameraSchema>
export type CameraSpecOf<A extends CameraSpec['adapter']> = Extract<CameraSpec, { adapter: A }>

const rejectOutputSchema = z.discriminatedUnion('adapter', [
  /** Keeps the commands in memory and in the log; for sample lines and tests. */
  z.strictObject({ adapter: z.literal('recording') }),
  /** Holding registers of a PLC; the map is in docs/LINE.md. */
  z.strictObject({
    adapter: z.literal('modbus-tcp'),
    host: hostSchema,
    port: z.number().int().min(1).max(65_535).default(502),
    unit: z.number().int().min(0).max(255).default(1),
    /** First holding register of the block. */
    baseRegister: firstRegister.default(0),
    timeoutMs: ms.default(200),
    /** Wait for the PLC's acknowledge of each result, ms. */
    ackMs: ms.default(500),
    /** A heartbeat of the PLC that stands still for so long counts as a lost link, ms; 0 switches the check off. */
    heartbeatMs: z.number().int().nonnegative().default(5_000),
  }),
])
export type RejectOutputSpec = z.infer<typeof rejectOutputSchema>

const interlockSchema = z.strictObject({
  /** Alarm and stop request after this many fails or no-verdicts in a row. */
  consecutive: z.number().int().positive().optional(),
  /** Alarm when more than `share` of the last `window` parts failed. */
  rate: z.strictObject({ window: z.number().int().min(5), share: z.number().min(0).lt(1) }).optional(),
  /** Alarm when the same class appears within `radiusPx` on this many parts of the last `window`. */
  samePlace: z
    .strictObject({
      window: z.number().int().min(2),
      count: z.number().int().min(2),
      radiusPx: z.number().positive(),
    })
    .refine((a) => a.count <= a.window, { message: 'at most window, or it never alarms', path: ['count'] })
    .optional(),
})
export type InterlockSpec = z.infer<typeof interlockSchema>

const stationSchema = z.strictObject({
  id,
  camera: cameraSchema,
  /** `<id>@<version>`; the file is `<id>@<version>.recipe.yaml` in the recipes folder. */
  recipe: z.string().regex(/^[a-z0-9][a-z0-9-]*@[1-9]\d*$/, 'recipe-id@version'),
  /** Trigger to actuated verdict, ms; later is a no-verdict. */
  budgetMs,
  reject: rejectOutputSchema.default({ adapter: 'recording' }),
  interlock: interlockSchema.default({}),
  /** Mould nest and part holder of all parts of the station, where neither frame nor reader names them. */
  place: partPlaceSchema.prefault({}),
  /** How reads beside the camera find the parts of this station. */
  association: z.array(associationSchema).default([]),
  /**
   * Stations before this one that judge the same parts: a part that the last judgement of one of them did not let go on does
   * not go on here either. Absent = all that stand before this one in the file; [] = none, as for lanes side by side.
   */
  upstream: z.array(id).optional(),
  /**
   * Stations before this one that must have judged a part that goes on here; of several in one entry, as lanes side by side,
   * one of them.
   */
  judgedAt: z.array(z.union([id.transform((one) => [one]), z.array(id).min(1)])).default([]),
  /**
   * A serial that one of so many parts before had is a doubtful identity where the recipe wants one; 0 switches the check off. Absent =
   * 20, and off for cameras that show stored images, which come again.
   */
  duplicateWithin: z.number().int().nonnegative().max(100_000).optional(),
})
export type StationSpec = z.infer<typeof stationSchema>

/** Tamper evidence of the event log; docs/adr/0006 says what each part proves. */
export const proofSchema = z.strictObject({
  enabled: z.boolean().default(true),
  /** Name of the log in its checkpoints, a URL without scheme; kept for life. Absent = `sightline/<plant>/<line>`. */
  origin: z
    .string()
    .regex(/^[^\s+]+$/, 'no spaces and no plus sign')
    .optional(),
  /** Ed25519 private key, PKCS #8 PEM; absent = `keys/log.pem` in the data directory, made at the first start. */
  keyFile: z.string().min(1).optional(),
  /** A checkpoint is signed after so many events, or so long after the last one when there is anything new, ms. */
  everyEvents: z.number().int().positive().default(1_000),
  everyMs: ms.default(10_000),
  /** Keep a second copy of every event beside the hashes: then an altered event can be shown as it was. */
  entries: z.boolean().default(true),
  /** Other machines that cosign (`sightline witness`). */
  witnesses: z
    .array(
      z.strictObject({
        url: httpUrlSchema,
        /** Public key as `sightline witness` prints it. */
        key: z.string().regex(/^[^\s+]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+$/, '<name>+<key id>+<base64 key>'),
      }),
    )
    .default([]),
  /** RFC 3161 time-stamp authority. */
  timestamp: z.strictObject({ url: httpUrlSchema, everyMs: ms.default(3_600_000) }).optional(),
  /** Places outside that keep checkpoints. */
  anchors: z
    .array(
      z.union([
        z.strictObject({ file: z.string().min(1), everyMs: ms.default(600_000) }),
        z.strictObject({ url: httpUrlSchema, everyMs: ms.default(600_000) }),
      ]),
    )
    .default([]),
})
export type ProofSpec = z.infer<typeof proofSchema>

const scenarioSchema = z.looseObject({ use: id })

/** Execution providers of onnxruntime that a line may name. */
export const PROVIDERS = ['tensorrt', 'cuda', 'dml', 'cpu'] as const

/** One file describes a line. */
export const lineSchema = z
  .strictObject({
    line: id,
    plant: id.default('plant'),
    title: z.strictObject({ zh: z.string().min(1), en: z.string().min(1) }),
    /** Order, lot and supplier in force when a part brings none. */
    context: z
      .strictObject({
        workOrder: z.string().optional(),
        // Spelt as facts about them are (`trace-fact.schema.ts`).
        lot: z.string().trim().normalize('NFC').optional(),
        supplier: z.string().trim().normalize('NFC').optional(),
        /** One name for all parts; absent = that of `shifts`, or `day`. */
        shift: z.string().optional(),
      })
      .prefault({}),
    /** Shifts by the clock: every part gets that of its trigger. */
    shifts: shiftsSchema.optional(),
    /** Who is signed on, and what is kept of them. */
    operators: operatorsSchema,
    /** Scanners and tag readers beside the cameras. */
    readers: readersSchema,
    stations: z.array(stationSchema).min(1),
    scenarios: z.array(scenarioSchema).default([]),
    /** Who outside gets the events. */
    sinks: sinksSchema,
    /** Resolution of identities, and who outside is told of them. */
    resolver: resolverSchema.optional(),
    /** Images go when the disk gets full; absent = none ever does. */
    retention: retentionSchema.optional(),
    /** Replicates the log to the store of the plant; absent = it stays here. */
    plantStore: plantStoreSchema.optional(),
    /** Inspection workers; 0 = one per core. */
    workers: z.number().int().nonnegative().max(256).default(0),
    /** Execution providers in order of preference. */
    providers: z.array(z.enum(PROVIDERS)).min(1).default(['cpu']),
    /** Shared frame slots of the line and their size in bytes. */
    frames: z
      .strictObject({
        slots: z.number().int().min(2).max(1024).default(16),
        slotBytes: z
          .number()
          .int()
          .min(65_536)
          .max(2 ** 30)
          .default(16 * 1024 * 1024),
      })
      .prefault({}),
    dashboard: dashboardSchema.prefault({}),
    /** Data directory, from where the line file lies; `.sightline` in the current directory when absent. */
    data: z.strictObject({ dir: z.string().min(1).optional() }).prefault({}),
    proof: proofSchema.prefault({}),
    /** How the models are watched, and which parts are shown to a person. */
    watch: watchSchema.prefault({}),
    /** What may be taught from the pages. */
    teach: teachSpecSchema.prefault({}),
  })
  .superRefine((spec, context) => {
    const issue = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message })
    if (spec.shifts !== undefined && spec.context.shift !== undefined)
      issue(['shifts'], 'either context.shift, one name for all parts, or shifts, a calendar')
    checkAssociations(spec, issue)
    for (const [i, { id: own, upstream = [], judgedAt }] of spec.stations.entries()) {
      const before = spec.stations.slice(0, i).map((s) => s.id)
      const known = (names: readonly string[], key: string, k: number): void => {
        if (!names.every((name) => before.includes(name)))
          issue(['stations', i, key, k], `a station that stands before ${own} in this file`)
      }
      upstream.forEach((name, k) => known([name], 'upstream', k))
      judgedAt.forEach((names, k) => known(names, 'judgedAt', k))
    }
    checkSharedPlaces(spec, issue)
    checkTokens(spec, issue)
  })
export type LineSpec = z.infer<typeof lineSchema>
