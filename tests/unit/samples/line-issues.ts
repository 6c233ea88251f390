import { lineSchema } from '../../../contracts/index.ts'

/** Where a line with one station is wrong, and why; `camera` is that of the station unless it says otherwise. */
export const issuesWith =
  (camera: object) =>
  (station: object, more: object = {}): string[] => {
    const parsed = lineSchema.safeParse({
      line: 'l',
      title: { en: 'l', zh: '线' },
      stations: [{ id: 'a', camera, recipe: 'r@1', budgetMs: 2_000, ...station }],
      ...more,
    })
    return parsed.success ? [] : parsed.error.issues.map((i) => `${i.path.join('.')}: ${i.message}`)
  }
