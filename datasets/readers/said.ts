/** What readers say that they expected of a set, with the Chinese of each: reports show both. */
const EXPECTED = {
  'label files in every split, empty ones for good parts: images of these splits are in no rate':
    '每个划分都有标注文件,良品为空文件:这些划分的图像不计入任何比率',
  'a label file for every image, empty ones for good parts: these have none and count as good':
    '每张图像都有标注文件,良品为空文件:以下图像没有,按良品计',
  'a label file for each image: these differ in their ending alone, and what is labelled counts for each':
    '每张图像各有标注文件:以下图像仅扩展名不同,标注对每一张都计入',
  'every folder and list that it names': '其中所列的每个文件夹和列表都存在',
  'no <difficult> objects: those of these images are ignored, as are calls on them; their parts are bad ones':
    '没有 <difficult> 目标:以下图像的此类目标及其上的检出均不计;其工件为不良品',
  'annotations in every file: images of these are in no rate':
    '每个文件都有标注:以下文件的图像不计入任何比率',
  'annotations in every file, or none where all parts are good ones':
    '每个文件都有标注,或全部工件为良品时没有标注',
  'every image that the JSON names: these are not there and in no rate':
    'JSON 所列的每张图像都存在:以下图像缺失,不计入任何比率',
  'masks that can be read: these are broken, and their images in no score of pixels':
    '掩膜可以读取:以下掩膜已损坏,其图像不计入像素评分',
  'masks that can be read: these are broken, and their images in no rate':
    '掩膜可以读取:以下掩膜已损坏,其图像不计入任何比率',
  'shapes or tags: without any, every part counts as good': '有形状或标签:没有时所有工件按良品计',
  'JSON in every split: images of these splits are in no rate':
    '每个划分都有 JSON:这些划分的图像不计入任何比率',
  'JSON for every image, without shapes for good parts: these have none and count as good':
    '每张图像都有 JSON,良品的 JSON 无形状:以下图像没有,按良品计',
  'regions, or no flag for good parts but one that means good: other flags are not read, and these are in no rate':
    '有区域,良品没有标志,或仅有表示良品的标志:其他标志未被读取,以下不计入任何比率',
  'an annotation for every task, an empty one for good parts: these have none and are in no rate':
    '每个任务都有标注,良品为空标注:以下没有,不计入任何比率',
  'regions, or no tag for good parts: tags alone are not read, and these are in no rate':
    '有区域,良品没有标签:仅有的标签未被读取,以下不计入任何比率',
  'a class whose name means a good part: every part counts as bad':
    '有名称表示良品的类别:现所有工件按不良品计',
  'a folder whose name means a good part: every part counts as bad':
    '有名称表示良品的文件夹:现所有工件按不良品计',
  'a column label, class or category: these tables have others, and all their boxes are of one class':
    '有 label、class 或 category 列:以下表有其他列,其所有框归为同一类别',
  'a row for every image: these are in no table and count as good':
    '每张图像都有一行:以下图像不在任何表中,按良品计',
  'a class for every image: the cells of these are empty, and they are in no rate':
    '每张图像都有类别:以下图像的单元格为空,不计入任何比率',
  'a box, or a class whose name means a good part: these have a class alone and are in no rate':
    '有框,或类别名称表示良品:以下只有类别,不计入任何比率',
  'tables of what is true: these are of submissions or predictions': '真实情况的表:以下为提交或预测的表',
  'a part without a mark: every part counts as bad': '有无标记的工件:现所有工件按不良品计',
  'masks of one value: these numbers count as one class of defects':
    '掩膜只有一个值:以下数值均按同一缺陷类别计',
  'classes of their own: a folder for each, or outlines or boxes with classes':
    '需区分类别时:每类一个文件夹,或带类别的轮廓或框',
  'a mask for every image, black ones for good parts: images without are in no rate':
    '每张图像都有掩膜,良品为全黑:没有掩膜的图像不计入任何比率',
  'black masks for good parts: images without a mask count as good': '良品有全黑掩膜:没有掩膜的图像按良品计',
  'a mask that marks something for every image with a defect; those without are in no score of pixels':
    '每张缺陷图像的掩膜都有标记:没有的不计入像素评分',
  'masks that are bright where the defect is: these mark more than half of their image':
    '掩膜在缺陷处为亮:以下掩膜标记了图像的一半以上',
  'a mask for each image: those of these are taken for the test images of their names':
    '每张图像各有掩膜:以下图像的掩膜被视为同名测试图像的掩膜',
  'a mask for every image with a defect; those without are in no score of pixels':
    '每张缺陷图像都有掩膜:没有的不计入像素评分',
  'scores of pixels as of MVTec AD: sPRO, by which MVTec LOCO AD is ranked, is not computed, and the masks of an image are taken together':
    '像素评分与 MVTec AD 相同:不计算 MVTec LOCO AD 排名所用的 sPRO,一张图像的多个掩膜合并计算',
  'split_csv/1cls.csv beside the folder of the object: without it no image is set apart for teaching':
    '对象文件夹旁有 split_csv/1cls.csv:没有它就没有留作示教的图像',
  'no table beside folders of classes: the folders count': '类别文件夹旁没有表:以文件夹为准',
  'images that no model of this layout is taught with': '未用于此布局模型示教的图像',
  'boxes inside their images: those of these images are cut at the edge':
    '标注框在图像之内:以下图像的框在边缘处被裁切',
  'boxes with an area inside their images: these boxes are not used': '标注框在图像内有面积:以下框未使用',
  'images with a box that can be used among theirs: these are not used':
    '图像至少有一个可用的框:以下图像未使用',
  'labels of the pixels as they are stored: the EXIF orientation of these images is not used':
    '标注对应存储的像素:以下图像的 EXIF 方向未被采用',
  'images as jpg, png, bmp, tif, webp, pgm or ppm in the folder itself':
    '图像为 jpg、png、bmp、tif、webp、pgm 或 ppm,并直接位于该文件夹',
  'no images beside those that the layout names': '除布局所列之外没有其他图像',
  'images as jpg, png, bmp, tif, webp, pgm or ppm': '图像为 jpg、png、bmp、tif、webp、pgm 或 ppm',
  'an image for every label file': '每个标注文件都有图像',
  'images of parts: black masks beside their images are not taught': '工件图像:图像旁的全黑掩膜不用于示教',
  'where there are good parts, name their folder with --good': '如有良品,请用 --good 指出其文件夹',
  'where there are good parts, name their class with --good': '如有良品,请用 --good 指出其类别',
  'where the table is what is true: --dataset table': '若以表为准:--dataset table',
  'pictures of parts that are named as masks are: --dataset folder':
    '若是按掩膜命名的工件图像:--dataset folder',
  'invert them if their defects are dark': '若缺陷为暗,请反转掩膜',
  '--split train judges these': '用 --split train 可评估这些图像',
} as const

export type Said = keyof typeof EXPECTED

export const inChinese = (text: Said): string => EXPECTED[text]

/** What was found, as `split train, 6 images`; names of files stay as they are. */
export const foundInChinese = (name: string): string =>
  name
    .replace(/^split (\S+), (\d+) images$/, '划分 $1,$2 张图像')
    .replace(/^(.+), (\d+) images$/, '$1,$2 张图像')
    .replace(/^(\d+) images$/, '$1 张图像')
