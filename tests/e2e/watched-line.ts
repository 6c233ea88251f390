import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { HEIGHT, WIDTH } from './bad-samples.ts'
import { type CliProcess, startCli } from './line-process.ts'
import { type ModelShop, modelShop } from './model-shop.ts'

export interface WatchedLine {
  shop: ModelShop
  start(): Promise<CliProcess>
  /** Replaces the four good pictures by others of this grey level. */
  paintGood(grey: number): Promise<void>
}

/** A line of the model shop that compares every 20 parts with its first 50, and shows every passed one to a person. */
export async function watchedLine(name: string, rate: number): Promise<WatchedLine> {
  const shop = await modelShop(name)
  const file = shop.line(name, {
    workers: 2,
    frames: { slots: 64, slotBytes: 65_536 },
    context: { lot: 'L7', supplier: 'acme' },
    watch: { referenceParts: 50, windowParts: 20, auditRate: 1, auditUnusualRate: 1, backgroundRate: 0.5 },
    stations: [
      {
        id: 's1',
        recipe: 'ramp@1',
        budgetMs: 5_000,
        camera: { adapter: 'replay', path: 'images', rate, loop: true },
      },
    ],
  })
  return {
    shop,
    start: () => startCli(['serve', file, '--data', shop.data, '--no-supervisor'], shop.env),
    paintGood: async (grey) => {
      for (const n of [1, 2, 3, 4])
        await writeFile(
          join(shop.images, `${n}.png`),
          await sharp(Buffer.alloc(WIDTH * HEIGHT, grey + n), {
            raw: { width: WIDTH, height: HEIGHT, channels: 1 },
          })
            .toColourspace('b-w')
            .png()
            .toBuffer(),
        )
    },
  }
}

export async function sent(
  line: CliProcess,
  path: string,
  body: object,
  method: 'POST' | 'PUT' = 'POST',
): Promise<{ status: number; body: Record<string, unknown> }> {
  const answer = await fetch(`${String(line.ready['url'])}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}
