/** Layouts of data sets that are read, special before general: a folder is asked in this order what it is. */
export const DATASET_LAYOUTS = [
  'deeppcb',
  'visa',
  'yolo',
  'labelme',
  'coco',
  'cvat',
  'voc',
  'mvtec',
  'real-iad',
  'masks-beside',
  'masks-apart',
  'table',
  'neu-cls',
  'folder-per-class',
  'folder',
] as const
