import type { Verdict } from '../../../contracts/index.ts'
import { inspect } from '../../../inspection/index.ts'
import { context, prepare, raw, recipeOf } from './inspection-recipes.ts'

/** The verdict of a recipe of these tools on raw grey pixels of width × height. */
export async function judge(
  size: readonly [number, number],
  pixels: Uint8Array,
  tools: unknown[],
  more: Record<string, unknown> = {},
  dir = '.',
): Promise<Verdict> {
  const prepared = await prepare(recipeOf(size, tools, more), dir)
  return (await inspect({ bytes: pixels, format: raw(size) }, prepared, context)).verdict
}
