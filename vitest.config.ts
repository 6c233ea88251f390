import { defineConfig } from 'vitest/config'

/**
 * Files that start no thread, process or service and know no deadline: they may share the cores, and their modules.
 */
const PURE = [
  'architecture/*',
  'property/{camera-counter-restart,camera-handshake,camera-llrp,codes-fuzz,datasets-defects,datasets-open-thresholds}',
  'property/{epc-plus,inspection-kernels,scenarios-lean,traceability-association,traceability-gs1,traceability-merkle}',
  'unit/camera-{counter-restart,frame-pool,pending-triggers,plc-handshake,recording-output}',
  'unit/contracts-*',
  'unit/dashboard-{coded-text,format,genealogy,genealogy-graph,i18n,ncr,openapi,zone}',
  'unit/datasets-{box-forms,broken-mask,coco,cvat,detections,empty-boxes,evaluate,evaluation-metrics,foreign-names}',
  'unit/datasets-{labelling-tools,labelme,laboratory,large,leakage,left-out,masks,masks-apart,masks-beside,metrics}',
  'unit/datasets-{mixed-sizes,mvtec,names,one-hot,open-truth,published,read-as-before,readers-boxes,readers-voc,repeated,report}',
  'unit/datasets-{sample-line,sample-logistics,segments,table,unread-labels,visa}',
  'unit/{bmp-images,docs-examples,docs-links,labelled-regions,line-config,pnm-images,time-range}',
  'unit/inspection-{areas,code,code-turned,decode,engine-gate,engine-naming,engine-shift,frame-golden,frame-memory}',
  'unit/inspection-{inspect,kernels,prepared-recipes,recipe-checks,rule-names,rule-numbers,rules,tools}',
  'unit/models-{adapter-contract,adapters,anomaly-map,backbone,boxes,card,heads,input,kernels,life-gate,onnx}',
  'unit/models-{quantise,segments,sides,thresholds,uint8-input,watch}',
  'unit/scenarios-{causes,dist,kit-actions,kit-effective,lean-acceptance,lean-chart,lean-losses,spc,tests,two-samples}',
  'unit/teach-{alike,choose,held-out,image-names,kernels,kinds,mask,part-frames,place,repeated,stand-ins,threshold}',
  'unit/teach-{tiles,turns,workpieces}',
  'unit/traceability-{carrier,epc,epc-uris,epcis-documents,epcis-foreign,epcis-query,happening-words,identify}',
  'unit/traceability-{inspection-check,iso15434,open-derived,plans,prepared-capture,published-checkpoint,signed-note,sql}',
].map((name) => `tests/${name}.test.ts`)

/** Commands that end of themselves, however long that takes. */
const COMMANDS = ['bad-config', 'causes-cli', 'damaged-files', 'ncr-cli', 'quantize', 'wrong-words'].map(
  (name) => `tests/e2e/${name}.test.ts`,
)

/** Whole programs that hold with one other beside them: pages and answers of a server, and lines with seconds to judge. */
const SHARING = [
  '{account,analysis,chart,dashboard,dialog,ncr,part,plant,review,sink,teach,teach-bank}-page*',
  '{dashboard-faults,people-page,plant-faults,reports-nothing,sinks-cli,teach-path,thread-end}',
  '{bad-frames,bad-models,epcis,exit-codes,hold,killed-early,model-life,model-pages,plant,proof,readers,replay}',
  '{old-answers,replaced-log,resolver,sample-path,sinks,stale-pages,stopped-owing,viewer-golden}',
].map((name) => `tests/e2e/${name}.test.ts`)

const BUILT = { globalSetup: ['tests/built.ts'], setupFiles: ['tests/from-build.ts'] }

export default defineConfig({
  test: {
    exclude: ['node_modules', 'dist', 'tests/bench'],
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // How long a condition is waited for proves nothing; a busy machine needs it.
    expect: { poll: { timeout: 15_000 } },
    projects: [
      { extends: true, test: { name: 'pure', include: PURE, isolate: false, maxWorkers: 2 } },
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
          name: 'two programs',
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
