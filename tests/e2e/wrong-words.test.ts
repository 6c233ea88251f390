import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSql } from '../../traceability/index.ts'
import { capture, signNow } from '../unit/samples/signed-log.ts'
import { goodPng, workshop } from './bad-samples.ts'
import { runCli } from './line-process.ts'

const shop = workshop('words')
const at = (name: string): string => join(shop.dir, name)
const data = at('data-of-a-line')
beforeAll(async () => {
  for (const dir of ['good', 'empty', 'newer']) mkdirSync(at(dir))
  for (const n of [1, 2, 3]) writeFileSync(join(at('good'), `${n}.png`), await goodPng())
  writeFileSync(at('notes.txt'), 'just a note\n')
  await capture(data, 1, 3)
  await signNow(data)
  await capture(at('newer'), 1, 2)
  const db = openSql(join(at('newer'), 'trace.db'), { synchronous: 'normal' })
  db.exec('pragma user_version = 99')
  db.close()
}, 60_000)
afterAll(() => shop.remove())

/** Words of the command line; names in capitals stand for places. */
const PLACES: Record<string, string> = {
  GOOD: at('good'),
  PCB: join(import.meta.dirname, '../../models/packages/pcb-pair'),
  EMPTY: at('empty'),
  NONE: at('none'),
  NOTES: at('notes.txt'),
  DATA: data,
  NEWER: at('newer'),
}
const NEWER = /^TRC_OPEN: .*expected schema version \d+ or older; found version 99; .*newer program/m

describe('words that are wrong are said with a code, what was expected and what was found', () => {
  it.each<[string, number, RegExp]>([
    [
      'verify DATA --checkpoint NONE',
      2,
      /^CFG_MISSING_FILE: .*none\); expected a checkpoint, or a file of them/,
    ],
    // What is no checkpoint was given by mistake: the data are not accused of it.
    ['verify DATA --checkpoint NOTES', 1, /^TRC_NOTE: .*notes\.txt\)/],
    ['verify DATA --tsa-ca NOTES', 1, /^TRC_KEY: .*notes\.txt\); expected a PEM certificate/],
    ['models recipe pcb-pair --view 0x0', 2, /^CFG_USAGE: .*expected --view WIDTHxHEIGHT in px.*found 0x0/],
    ['models recipe backbone-s --view 9x9', 1, /^MDL_PACKAGE: .*a model that judges images.*family backbone/],
    ['hold nosuch/x --by li --reason seen --data DATA', 1, /^TRC_GENEALOGY: [^;]*; expected a URI, or unit/],
    [
      'release L9 --by li --reason seen --data DATA',
      1,
      /^TRC_GENEALOGY: [^;]*; expected something that is on hold/,
    ],
    [
      'recall lot/L1 --from 12 --data DATA',
      2,
      /^CFG_USAGE: .*--from\); expected a date or a time with Z.*found 12/,
    ],
    ['recall lot/L1 --from 2026-02-30 --data DATA', 2, /^CFG_USAGE: .*--from\); expected a date/],
    [
      'export - --from 2026-02-01 --to 2026-01-31T23:00:00+01:00 --data DATA',
      2,
      /^CFG_USAGE: .*--to\); expected a time that is not before --from, 2026-02-01T00:00:00\.000Z; found 2026-01-31T22:00:00\.000Z/,
    ],
    ['export NONE/x.csv --data DATA', 2, /^CFG_USAGE: .*expected a file that can be written; found ENOENT/],
    [
      'witness --name w --logs NONE --dir EMPTY',
      2,
      /^CFG_MISSING_FILE: .*none\); expected a file of public keys/,
    ],
    ['models keygen NONE --id /x', 2, /^CFG_USAGE: .*--id\); expected letters, digits.*found \/x/],
    [
      'plant replicate --data DATA --images some',
      2,
      /^CFG_USAGE: .*--images\); expected one of none\|fail\|all; found some/,
    ],
    // Its code once.
    ['plant replicate --data DATA', 1, /^TRC_PLANT: (?!.*TRC_PLANT).*ECONNREFUSED/m],
    ['models quantize PCB --images GOOD --id A/B', 2, /^CFG_USAGE: .*--id\); expected lower-case letters/],
    [
      'models import NOTES --reference EMPTY --out NONE --licence x --id z --version 1',
      2,
      /^CFG_USAGE: .*--version\); expected a version/,
    ],
    ['trace S1 --data NEWER', 1, NEWER],
    ['verify NEWER', 1, NEWER],
    ['export - --data NEWER', 1, NEWER],
    [
      'trace S1 --data NONE',
      2,
      /^CFG_DATA_DIR: .*none\); expected a data directory of a line; give it with --data/,
    ],
    [
      'trace import NOTES --data DATA',
      2,
      /^CFG_INVALID: .*notes\.txt, line 1\); expected a header with the columns kind/,
    ],
    [
      'inspect GOOD --recipe sample-board',
      2,
      /^CFG_USAGE: .*--recipe\); expected id@version, one of .*sample-board@1/,
    ],
    [
      'inspect GOOD --recipe NOTES',
      2,
      /^CFG_USAGE: .*or a file id@version\.recipe\.yaml; found .*notes\.txt/,
    ],
    [
      'inspect GOOD --recipe sample-board@1 --template NOTES',
      2,
      /^CFG_USAGE: .*--template\); expected a recipe or model that takes/,
    ],
    ['inspect GOOD --model pcb-pair --template NOTES', 1, /^INS_DECODE: .*notes\.txt/],
    [
      'sample-boards --out NONE --count 1e12',
      2,
      /^CFG_USAGE: .*--count <n>\); expected a whole number from 1 to 100000/,
    ],
    ['evaluate NONE --model pcb-pair', 1, /^DAT_LAYOUT: .*expected a folder on host .*; found none/],
    [
      'evaluate GOOD --model pcb-pair --report EMPTY',
      2,
      /^CFG_USAGE: .*empty\); expected a file that can be written/,
    ],
    [
      'evaluate GOOD --model pcb-pair --json EMPTY',
      2,
      /^CFG_USAGE: .*empty\); expected a file that can be written/,
    ],
    [
      'evaluate GOOD --model pcb-pair --detections NOTES',
      2,
      /^CFG_USAGE: .*notes\.txt\); expected a directory/,
    ],
    [
      'evaluate GOOD --model pcb-pair --group-by (',
      2,
      /^CFG_USAGE: .*--group-by\); expected a regular expression/,
    ],
    ['teach --good NONE --id x', 2, /^CFG_MISSING_FILE: .*none\); expected an image, or a folder of images/],
    [
      'teach --good GOOD --id x --out NOTES',
      1,
      /^MDL_PACKAGE: .*notes\.txt\); expected a new folder.*found a file/,
    ],
    [
      'teach --good GOOD --id x --method best',
      2,
      /^CFG_USAGE: .*--method\); expected one of auto\|bank.*; found "best"/,
    ],
    [
      'teach --good GOOD --id x --include 1,2,3',
      2,
      /^CFG_USAGE: .*--include\); expected x1,y1,x2,y2 in px.*; found 1,2,3/,
    ],
    [
      'teach --good GOOD --id x --exclude a,2,3,4',
      2,
      /^CFG_USAGE: .*--exclude\); expected x1,y1,x2,y2 in px/,
    ],
    ['teach --good GOOD --id x --recall 0.9', 2, /^CFG_USAGE: .*expected --defect with --recall/],
    ['teach --good GOOD --id x --cost 9,1,0.1', 2, /^CFG_USAGE: .*expected --defect with --cost/],
    ['teach --good GOOD --defect GOOD --id x --cost 9,1', 2, /^CFG_USAGE: .*--cost.*escape,false-call,share/],
    ['teach --good GOOD --defect GOOD --id x --cost 9,1,0.9', 2, /^CFG_USAGE: .*--cost.*0\.0001 to 0\.5/],
    [
      'teach --good GOOD --defect GOOD --id x --cost 9,1,0.1 --recall 0.9',
      2,
      /^CFG_USAGE: .*one of --false-calls, --recall and --cost.*--recall and --cost/,
    ],
    ['teach --good GOOD --id x --remove 1.png', 2, /^CFG_USAGE: .*expected --from with --remove/],
    [
      'teach --good GOOD --id x --no-group --group-by x',
      2,
      /^CFG_USAGE: .*expected --group-by or --no-group; found both/,
    ],
    [
      'teach --from NONE --good GOOD --no-turn --seed 3',
      2,
      /^CFG_USAGE: .*keeps the settings.*found --seed, --no-turn/,
    ],
  ])('%s', async (line, exit, says) => {
    const words = line.split(' ').map((word) => PLACES[word] ?? word.replace('NONE/', `${at('none')}/`))
    const { code, stdout, stderr } = await runCli(words, {
      SIGHTLINE_DATA_DIR: at('home'),
      SIGHTLINE_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x',
    })
    expect([code, stdout, stderr]).toEqual([exit, '', expect.stringMatching(says)])
    expect(stderr).not.toMatch(/^\s+at /m)
    expect(existsSync(at('notes.txt')) && readdirSync(at('empty'))).toEqual([])
  })
})
