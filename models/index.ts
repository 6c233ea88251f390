export type { ModelFinding, ReadText, TextRectangle } from './adapters/adapter.ts'
export { createSigningKey, listModels, packModelFiles, publicKeyIn, verifyModel } from './commands.ts'
export type { ListedModel, VerifiedModel } from './commands.ts'
export type { ModelImages } from './forward.ts'
export { auditImages } from './life/audit-images.ts'
export { type Activation, type ActivationFacts, Activations } from './life/activations.ts'
export { decideGate, type ExactStatistics, type GateInput, type GateJudge } from './life/decide-gate.ts'
export { gateResultFor, gateResults, saveGateResult } from './life/gate-files.ts'
export {
  type ShadowAgreement,
  type ShadowPart,
  type ShadowReport,
  ShadowReports,
} from './life/shadow-report.ts'
export type { LifeAlarm } from './life/life-alarms.ts'
export { prepareLife } from './life/life-store.ts'
export { type ModelTool, ModelWatch } from './life/model-watch.ts'
export type { ReviewItem } from './life/review-item.ts'
export type { QueueCounts, StratumCount } from './life/review-queue.ts'
export { SAMPLES, type Sample } from './life/sampling.ts'
export { lastWindows, type SeriesReport, watchReport } from './life/watch-report.ts'
export { FOREIGN_FAMILIES } from './import/arguments.schema.ts'
export type { ForeignFamily, ImportArguments } from './import/arguments.schema.ts'
export type { ImportReport, ImportRequest } from './import/import-model.ts'
export type { FindingParity, ImageParity } from './import/parity.ts'
export { backboneOfHash, backboneTaughtWith, findBackbone } from './heads/find-backbone.ts'
export type { LabelledRegion } from './heads/region-labels.ts'
export type { LabelledImage, TaughtClasses, TeachClassesOptions } from './heads/teach-classes.ts'
export type { UnseenImage } from './heads/box-findings.ts'
export type { BoxJudgement, TaughtBoxes } from './heads/teach-boxes.ts'
export type { TaughtSegments } from './heads/teach-segments.ts'
export type { SegmentImage } from './heads/labelled-pictures.ts'
export { backgroundOf, findingClasses, scoreNames } from './card-names.ts'
export {
  importBackbone,
  importModel,
  importOcr,
  packTaught,
  quantise,
  teach,
  teachBoxes,
  teachClasses,
  teachSegments,
  updateTaught,
} from './when-asked.ts'
export { checkRegions } from './check-regions.ts'
export { checkThresholds } from './check-thresholds.ts'
export { loadModel } from './load-model.ts'
export type { LoadOptions } from './load-model.ts'
export { onnxGraph, onnxModel, onnxNode, onnxTensor } from './onnx/graph.ts'
export type { OnnxAttribute, OnnxType, OnnxValueInfo } from './onnx/graph.ts'
export { withUint8Input } from './onnx/uint8-input.ts'
export type { Uint8InputSpec } from './onnx/uint8-input.ts'
export {
  PACKAGES_DIR,
  findPackages,
  meaning,
  otherMeanings,
  packageNamed,
  pinnedPackage,
  verifyPinned,
} from './package/find.ts'
export type { BrokenPackage, PackageInfo } from './package/find.ts'
export { readCard } from './package/read-card.ts'
export { TRUSTED_KEYS_FILE, generateKeys, loadTrustedKeys } from './package/keys.ts'
export type { TrustedKeys } from './package/keys.ts'
export { checkPackageFolder, keepPackageFolder, removeLeftDrafts } from './package/output-folder.ts'
export { packModel } from './package/pack.ts'
export type { PackRequest, PackedModel } from './package/pack.ts'
export { verifyPackage } from './package/verify.ts'
export type { VerifiedPackage } from './package/verify.ts'
export type { Quantised, QuantiseRequest } from './quantise/quantise.ts'
export type { Pixels } from './pixels.ts'
export type { ModelOutput, ModelRunner, RunOptions } from './runner.ts'
export { listProviders } from './runtime/providers.ts'
export { readBackboneCard } from './teach/backbone-card.ts'
export type { Backbone } from './teach/backbone.ts'
export { METHOD_IDS, teachOptionsSchema } from './teach/request.ts'
export { MAX_AREA_PX } from './teach/plan.ts'
export { sizeText } from './pixels.ts'
export { ColourSeen } from './teach/colour-seen.ts'
export { BrokenImages } from './teach/broken-images.ts'
export { usualSize } from './teach/images.ts'
export type { TeachImage, TeachOptions, TeachProgress, TeachRequest } from './teach/request.ts'
export type { TeachReport } from './teach/conclude.ts'
export type { TaughtModel } from './teach/teach.ts'
export { checkTaughtFolder, loadTeachData, taughtBackbone, teachDataDir } from './teach/teach-store.ts'
export { NOTHING_WRITTEN } from './teach/tools.ts'
