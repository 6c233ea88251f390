import { createHash } from 'node:crypto'
import type { InspectionCompleted, QEvent } from '../../contracts/index.ts'

/** Names and fields of IPC-2591 CFX as its public SDK has them (github.com/IPCConnectedFactoryExchange/CFX). */
export const CFX_TOPIC = 'CFX.Production.TestAndInspection'
export const CFX_UNITS_INSPECTED = `${CFX_TOPIC}.UnitsInspected`
/** The oldest version of the standard that has every field used here. */
const CFX_VERSION = '1.3'

/** CFX has no word for what could not be judged: it is an inspection that ended in an error, never one that passed. */
const RESULT = { pass: 'Passed', fail: 'Failed', inconclusive: 'Error' } as const
const PRIORITY = { critical: 1, major: 2, minor: 3 } as const

/**
 * The envelope of one inspection. The same event gives the same bytes, so that a receiver finds a repetition by
 * `UniqueID`.
 *
 * @param handle CFX handle of the sender
 */
export function cfxEnvelope(event: QEvent<InspectionCompleted>, handle: string): object {
  const { data } = event
  const { recipe, recipeVersion } = data.process
  return {
    MessageName: CFX_UNITS_INSPECTED,
    Version: CFX_VERSION,
    TimeStamp: event.time,
    UniqueID: event.id,
    Source: handle,
    Target: null,
    RequestID: null,
    MessageBody: {
      $type: `${CFX_UNITS_INSPECTED}, CFX`,
      TransactionId: data.inspectionId,
      InspectionMethod: data.verdict.decidedBy === 'human' ? 'Human' : 'AOI',
      SamplingInformation: { SamplingMethod: 'NoSampling', LotSize: null, SampleSize: null },
      Inspector: null,
      RecipeName: recipe,
      RecipeRevision: recipeVersion === '' ? null : recipeVersion,
      InspectedUnits: [unit(event.id, data)],
    },
  }
}

function unit(eventId: string, data: InspectionCompleted): object {
  const result = RESULT[data.verdict.result]
  const { recipe, recipeVersion } = data.process
  return {
    UnitIdentifier: data.unit.serial,
    UnitPositionNumber: null,
    OverallResult: result,
    ActiveRecipeName: recipe,
    ActiveRecipeRevision: recipeVersion === '' ? null : recipeVersion,
    Inspections: [
      {
        UniqueIdentifier: data.inspectionId,
        InspectionName: data.place.station,
        InspectionStartTime: data.process.startedAt,
        InspectionEndTime: data.process.endedAt,
        TestProcedure: null,
        Comments: null,
        Result: result,
        Verification: 'NotVerifiedYet',
        VerificationDetail: null,
        Error: result === 'Error' ? (data.verdict.noVerdict ?? 'inconclusive') : null,
        DefectsFound: data.defects.map((d) => defect(eventId, d)),
        Symptoms: [],
        Measurements: data.measurements.map((m, i) => measurement(eventId, m, i, data.process.endedAt)),
      },
    ],
    Verification: 'NotVerifiedYet',
  }
}

function defect(eventId: string, d: InspectionCompleted['defects'][number]): object {
  return {
    UniqueIdentifier: idOf(eventId, `defect ${d.id}`),
    DefectCode: d.classCode,
    DefectCategory: null,
    Description: d.feature ?? null,
    Comments: `${d.view} ${d.bbox.map((v) => Math.round(v)).join(' ')} px`,
    ComponentOfInterest: null,
    // A region is a place on the unit; it is known where the recipe is calibrated, mm.
    RegionOfInterest:
      d.partXY === undefined
        ? null
        : { StartPointX: d.partXY[0], StartPointY: d.partXY[1], RegionSegments: [] },
    DefectImages: [],
    Priority: PRIORITY[d.severity],
    ConfidenceLevel: Math.min(100, Math.max(1, d.confidence * 100)),
    RelatedMeasurements: [],
    RelatedSymptoms: [],
    Verification: 'NotVerifiedYet',
    VerificationDetail: null,
  }
}

function measurement(
  eventId: string,
  m: InspectionCompleted['measurements'][number],
  sequence: number,
  at: string,
): object {
  const out = (m.lsl !== undefined && m.value < m.lsl) || (m.usl !== undefined && m.value > m.usl)
  return {
    $type: 'CFX.Structures.NumericMeasurement, CFX',
    MeasuredValue: {
      Value: m.value,
      ValueUnits: m.unit,
      ExpectedValue: m.target ?? null,
      ExpectedValueUnits: m.target === undefined ? null : m.unit,
      MinimumAcceptableValue: m.lsl ?? null,
      MaximumAcceptableValue: m.usl ?? null,
    },
    UniqueIdentifier: idOf(eventId, `measurement ${m.characteristic} ${sequence}`),
    MeasurementName: m.characteristic,
    TimeRecorded: at,
    Sequence: sequence + 1,
    Result: out ? 'Failed' : 'Passed',
    Components: null,
  }
}

/** A UUID (version 8, RFC 9562) that the same event gives again. */
function idOf(eventId: string, what: string): string {
  const hash = createHash('sha256').update(`${eventId} ${what}`).digest()
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80
  const hex = hash.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}
