import { defineConfig } from 'vitest/config'

/**
 * Files that start no thread, process or service and know no deadline: they may share the cores, and their modules. A
 * file that is not named here runs alone, which is always right.
 */
const PURE = [
  'architecture/*',
  'unit/contracts-*',
  'unit/dashboard-{genealogy,i18n,openapi}',
  'unit/datasets-{evaluation-metrics,metrics,readers-boxes,sample-line,sample-logistics}',
  'unit/inspection-{code,code-turned,engine-naming,inspect,kernels,rules,tools}',
  'unit/labelled-regions',
  'unit/models-{anomaly-map,card,input,kernels,life-gate,onnx,watch}',
  'unit/scenarios-{dist,kit-actions,spc,tests,two-samples}',
  'unit/teach-{choose,kernels,part-frames,threshold,turns}',
  'unit/traceability-{epc,epcis-documents,epcis-query,identify,inspection-check,iso15434,signed-note}',
  'property/{codes-fuzz,datasets-defects,inspection-kernels,traceability-association,traceability-gs1,traceability-merkle}',
].map((name) => `tests/${name}.test.ts`)

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
          include: ['tests/**/*.test.ts'],
          exclude: ['node_modules', 'dist', 'tests/bench', 'tests/e2e/**', ...PURE],
          // One file at a time: many start processes with deadlines, and a second file would take their cores.
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'whole program',
          include: ['tests/e2e/*.test.ts'],
          globalSetup: ['tests/e2e/built.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
