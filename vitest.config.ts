import { defineConfig } from 'vitest/config'

/**
 * Files that start no thread, process or service and know no deadline: they may share the cores, and their modules.
 */
const PURE = [
  'architecture/*',
  'property/{camera-counter-restart,camera-handshake,camera-llrp,codes-fuzz,datasets-defects,datasets-open-thresholds}',
  'property/{epc-plus,inspection-kernels,scenarios-lean,traceability-association,traceability-gs1,traceability-merkle}',
  'unit/camera-{counter-restart,frame-pool,plc-handshake,recording-output}',
  'unit/contracts-*',
  'unit/dashboard-{coded-text,genealogy,genealogy-graph,i18n,ncr,openapi}',
  'unit/datasets-{coco,detections,empty-boxes,evaluation-metrics,large,leakage,left-out,metrics,mvtec,open-truth}',
  'unit/datasets-{readers-boxes,sample-line,sample-logistics,segments,unread-labels}',
  'unit/{docs-examples,labelled-regions,time-range}',
  'unit/inspection-{areas,code,code-turned,engine-gate,engine-naming,engine-shift,frame-golden,frame-memory,inspect}',
  'unit/inspection-{kernels,rule-names,rule-numbers,rules,tools}',
  'unit/models-{adapter-contract,adapters,anomaly-map,backbone,boxes,card,heads,input,kernels,life-gate,onnx}',
  'unit/models-{quantise,segments,sides,thresholds,uint8-input,watch}',
  'unit/scenarios-{causes,dist,kit-actions,kit-effective,lean-acceptance,lean-chart,lean-losses,spc,tests,two-samples}',
  'unit/teach-{alike,choose,held-out,kernels,kinds,part-frames,place,stand-ins,threshold,tiles,turns,workpieces}',
  'unit/traceability-{carrier,epc,epc-uris,epcis-documents,epcis-foreign,epcis-query,happening-words,identify}',
  'unit/traceability-{inspection-check,iso15434,published-checkpoint,signed-note}',
].map((name) => `tests/${name}.test.ts`)

/** Commands that end of themselves, however long that takes. */
const COMMANDS = ['bad-config', 'causes-cli', 'damaged-files', 'ncr-cli', 'quantize', 'wrong-words'].map(
  (name) => `tests/e2e/${name}.test.ts`,
)

/** Pages and answers of a server, without a line that judges within its budget. */
const SHARING = [
  '{account,analysis,chart,dashboard,ncr,plant,review,sink,teach,teach-bank}-page*',
  '{dashboard-faults,people-page,plant-faults,reports-nothing,sinks-cli,teach-path,thread-end}',
].map((name) => `tests/e2e/${name}.test.ts`)

const BUILT = { globalSetup: ['tests/built.ts'], setupFiles: ['tests/from-build.ts'] }

export default defineConfig({
  test: {
    exclude: ['node_modules', 'dist', 'tests/bench'],
    pool: 'forks',
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // How long a condition is waited for proves nothing; a busy machine needs it.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false } },
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['tests/!(e2e)/**/*.test.ts', ...COMMANDS],
          exclude: PURE,
          // Their deadlines hold with three files on two cores beside other work; more would be luck.
          maxWorkers: 2,
          ...BUILT,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'pages and answers',
          include: SHARING,
          maxWorkers: 2,
          ...BUILT,
          globalSetup: ['tests/built.ts', 'tests/built-pages.ts'],
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        test: {
          name: 'whole program',
          include: ['tests/e2e/*.test.ts'],
          exclude: [...COMMANDS, ...SHARING],
          // One file at a time: a line judges within its budget, and a second file would take its cores.
          fileParallelism: false,
          ...BUILT,
          globalSetup: ['tests/built.ts', 'tests/built-pages.ts'],
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
})
