import { z } from 'zod'

/** Teaching from the pages of a line. */
export const teachSpecSchema = z.strictObject({
  /** Folders, relative to the line file, whose images may be taught; those below them too. */
  folders: z.array(z.string().min(1)).max(50).default([]),
})
export type TeachSpec = z.infer<typeof teachSpecSchema>
