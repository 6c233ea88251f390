import type { Recipe, ToolSpec, ToolSpecOf } from './recipe.schema.ts'

/** What a recipe says of a model it uses. */
export interface ModelPin {
  id: string
  /** Of model.onnx. */
  sha256: string
  /** Of card.json; absent in recipes that pin the model alone. */
  cardSha256?: string | undefined
}

/** What a tool, or one of its models, says of the package it uses. */
export const modelPin = ({ model, sha256, cardSha256 }: ToolSpecOf<'text@1'>['detector']): ModelPin => ({
  id: model,
  sha256,
  cardSha256,
})

/** Whether a recipe moves each part to where its golden template lies. */
export const isRegistered = ({ tools }: Recipe): boolean => tools.some((t) => t.use === 'register@1')

/** The model packages a tool pins, none for one that works without. */
export function modelPins(tool: ToolSpec): ModelPin[] {
  if (tool.use === 'model@1') return [modelPin(tool)]
  return tool.use === 'text@1' ? [tool.detector, tool.recogniser].map(modelPin) : []
}
