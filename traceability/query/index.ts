export type { CaptureRecord } from '../store/record-codec.ts'
export type { LifeImage, LifeInspection } from './life-inspections.ts'
export type { PartDetail } from './part-detail.ts'
export type { Edge, LifeEvent, PartLife } from './part-life.ts'
export type { ImageRef, PartFilter, PartRow } from './part-rows.ts'
export type { StationCounters } from './statistics.ts'
export type { LettersAsk, SinkLetter, SinkRow } from './sink-answers.ts'
export { openTraceQuery, TraceQuery } from './trace-query.ts'
export { imageFile, type ImageFacts } from './image-file.ts'
export {
  EXPORT_FORMATS,
  EXPORTS,
  type ExportAsk,
  type ExportOptions,
  type ExportPage,
  exportStream,
} from '../export/index.ts'
export { keepShifts, keptShifts } from './kept-shifts.ts'
export { csvText } from '../export/index.ts'
export { wrongKeyHint } from './unknown-part.ts'
export { PlantQueryProcess, QueryProcess } from './query-process.ts'
export type { PlantQuestions, Questions } from './questions.ts'
export type { ProofState } from '../proof/proof-state.ts'
export type { Related, RelatedList } from './related.ts'
export type { TimelineEntry, UnitLife } from './unit-life.ts'
export { type AnsweredPage, EpcisService, type PageRequest } from '../epcis/service.ts'
export { type Resource, resourceParameter, RESOURCES } from '../epcis/resources.ts'
export { EPC_FORMATS, type EpcFormat } from '../epcis/epc-format.ts'
export { lossesOf } from '../epcis/json-text.ts'
export { EVENT_PARAMETER_FAMILIES, EVENT_PARAMETERS, type ValueForm } from '../epcis/query-names.ts'
export { CAPTURE_BYTES, CAPTURE_LIMIT } from '../epcis/capture.ts'
export type { CaptureJob, NamedQuery, Subscription } from '../epcis/state.ts'
export type { Hold } from '../genealogy/holds.ts'
export { showsEffect } from '../ncr/ncr-state.ts'
export type { CauseTable, CauseTableQuery, LevelCount, LevelPair } from '../genealogy/cause-table.ts'
export type { DefectPlaces, PlacesQuery } from './defect-places.ts'
export type { ConfirmedPart, ConfirmedQuery } from './confirmed-parts.ts'
export type { TaughtPart, TaughtPartsQuery } from './taught-parts.ts'
export type { NcrDetail, NcrFilter, NcrRow } from './ncr-answers.ts'
export type { Recall, RecalledUnit, RecallQuery } from '../genealogy/recall.ts'
export type { SiblingGroup } from '../genealogy/siblings.ts'
export {
  RECALL_COLUMNS,
  RECALL_FORMS,
  recallCsv,
  recallEpcis,
  type RecallForm,
  recallRow,
  recallText,
} from '../genealogy/recall-forms.ts'
export { replayFrame, type ReplayFrame } from './replay-input.ts'
