export {
  badPart,
  checkGoodLabels,
  isGoodLabel,
  type Dataset,
  type DatasetItem,
  type DatasetReader,
  type ReadOptions,
  type SplitImage,
  type TrueBox,
} from './item.ts'
export { DATASET_FORMATS, openDataset, READERS, type OpenOptions } from './registry.ts'
export { imageSize } from './image-size.ts'
export { leftOut, picturesBeside } from './left-out.ts'
export { masksAmong } from './masks-beside.ts'
export { copiesAcross, repeatedImages } from './repeated.ts'
export { maskOfRuns } from './run-lengths.ts'
export { isLayoutFolder } from './unread-labels.ts'
