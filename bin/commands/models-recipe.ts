import type { Command } from 'commander'
import { stringify } from 'yaml'
import { CodedError } from '../../contracts/index.ts'
import { checkGoodLabels, recipeOfPackage } from '../../datasets/index.ts'
import { packageNamed } from '../../models/index.ts'
import type { Environment } from '../setup/environment.ts'
import { modelDirs } from '../setup/models.ts'

/** `models recipe`: the plainest recipe around a package, to begin with. */
export function addModelsRecipe(models: Command, environment: Environment): void {
  models
    .command('recipe <id>')
    .description(
      'print the plainest recipe around a package; save it as recipes/<id>@1.recipe.yaml beside a line file',
    )
    .requiredOption('--view <WxH>', 'size of the frames of the camera, px, e.g. 1280x1024')
    .option('--good <labels...>', 'labels that mean a good part; default: good, ok, normal, 良品 …')
    .action(async (id: string, o: { view: string; good?: string[] }) => {
      const view = viewOf(o.view)
      const model = await packageNamed(modelDirs(environment), id)
      if (o.good !== undefined) checkGoodLabels(o.good, model.card.labels)
      const recipe = recipeOfPackage(model, view, o.good === undefined ? {} : { goodLabels: o.good })
      process.stdout.write(stringify({ ...recipe, recipe: id }))
    })
}

function viewOf(text: string): { widthPx: number; heightPx: number } {
  const [, width, height] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? []
  if (width === undefined || height === undefined)
    throw new CodedError('CFG_USAGE', { expected: '--view WIDTHxHEIGHT in px, 1 to 99999', actual: text })
  return { widthPx: Number(width), heightPx: Number(height) }
}
