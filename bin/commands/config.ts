import type { Command } from 'commander'
import { lintRules } from '../../inspection/index.ts'
import { lineFile, loadLine } from '../line/config.ts'
import { checkGoldens } from '../line/golden.ts'
import type { Environment } from '../setup/environment.ts'

export function addConfig(program: Command, environment: Environment): void {
  program
    .command('config')
    .description('configuration of a line')
    .command('validate <line>')
    .description('check a line file, its recipes, their rules and golden templates without starting the line')
    .action(async (name: string) => {
      const config = await loadLine(lineFile(name), environment, {}, process.env)
      const warnings = [
        ...[...config.recipes.values()].flatMap((r) =>
          lintRules(r.recipe).map((w) => ({ recipe: r.id, ...w })),
        ),
        ...(await checkGoldens(config, environment)),
      ]
      const facts = {
        line: config.spec.line,
        file: config.file,
        recipes: [...config.recipes.values()].map((r) => ({ id: r.id, sha256: r.sha256 })),
        readers: config.spec.readers.map(({ id, adapter }) => ({ id, adapter })),
        sinks: config.spec.sinks.map(({ id, adapter, events }) => ({ id, adapter, events })),
        warnings,
      }
      process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`)
    })
}
