/**
 * What makes models is loaded when it is asked for: a line, its inspection threads and most commands only run them, and
 * this is more than half of the folder.
 */
export const importModel: typeof import('./import/import-model.ts').importModel = async (...ask) =>
  (await import('./import/import-model.ts')).importModel(...ask)

export const importOcr: typeof import('./import/import-ocr.ts').importOcr = async (...ask) =>
  (await import('./import/import-ocr.ts')).importOcr(...ask)

export const importBackbone: typeof import('./teach/import-backbone.ts').importBackbone = async (...ask) =>
  (await import('./teach/import-backbone.ts')).importBackbone(...ask)

export const teach: typeof import('./teach/teach.ts').teach = async (...ask) =>
  (await import('./teach/teach.ts')).teach(...ask)

export const updateTaught: typeof import('./teach/update.ts').updateTaught = async (...ask) =>
  (await import('./teach/update.ts')).updateTaught(...ask)

export const packTaught: typeof import('./teach/taught-package.ts').packTaught = async (...ask) =>
  (await import('./teach/taught-package.ts')).packTaught(...ask)

export const teachClasses: typeof import('./heads/teach-classes.ts').teachClasses = async (...ask) =>
  (await import('./heads/teach-classes.ts')).teachClasses(...ask)

export const teachBoxes: typeof import('./heads/teach-boxes.ts').teachBoxes = async (...ask) =>
  (await import('./heads/teach-boxes.ts')).teachBoxes(...ask)

export const teachSegments: typeof import('./heads/teach-segments.ts').teachSegments = async (...ask) =>
  (await import('./heads/teach-segments.ts')).teachSegments(...ask)

export const quantise: typeof import('./quantise/quantise.ts').quantise = async (...ask) =>
  (await import('./quantise/quantise.ts')).quantise(...ask)
