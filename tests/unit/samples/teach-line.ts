import { type TeachRun, TeachRuns } from '../../../bin/teach/runs.ts'
import type { TraceQuery } from '../../../traceability/index.ts'

type Parts = Parameters<typeof TeachRuns.open>[0]

/** Teaching from the records of a store, asked on this thread. */
export const openRuns = (o: Omit<Parts, 'questions' | 'imagePath'>, query: TraceQuery): Promise<TeachRuns> =>
  TeachRuns.open({
    ...o,
    questions: {
      goodParts: async (q) => query.goodParts(q),
      defectiveParts: async (q) => query.defectiveParts(q),
    },
    imagePath: (sha256) => query.path(sha256),
  })

/** Waits for the end of a run, as long as the test may take. */
export async function endOf(runs: TeachRuns, id: string): Promise<TeachRun> {
  for (;;) {
    const found = runs.state().runs.find((r) => r.id === id)
    if (found && runs.state().running === null) return found
    await new Promise((done) => setTimeout(done, 50))
  }
}
