type Say = (...found: string[]) => string

/** Chinese of what model packages, teaching and the life of a recipe say; see `fact-words.ts`. */
export const PACKAGE_WORDS: Readonly<Record<string, string>> = {
  // Packages.
  'a model package folder': '模型包文件夹',
  'a signed manifest': '已签名的清单',
  'a signature': '签名',
  'sign it with `sightline models pack`': '请用 `sightline models pack` 签名',
  'a file name inside the package folder': '包文件夹内的文件名',
  'add the public key of the publisher to the trusted keys if you trust it':
    '若信任发布者,请将其公钥加入受信密钥',
  'an Ed25519 public key in the trusted keys': '受信密钥中的 Ed25519 公钥',
  'an Ed25519 public key, SubjectPublicKeyInfo DER in base64':
    'Ed25519 公钥,SubjectPublicKeyInfo DER 的 base64',
  'an Ed25519 private key in PEM': 'PEM 格式的 Ed25519 私钥',
  'a private key': '私钥',
  'only files of the manifest': '只有清单中的文件',
  'remove the file': '请删除该文件',
  'a file of the manifest': '清单中的文件',
  'copy the package again': '请重新复制模型包',
  'regular files only': '只有普通文件',
  'at least one golden vector': '至少一个黄金向量',
  'pack the model with golden inputs': '请带黄金输入打包模型',
  'a new folder: recipes pin what is released, so it is never replaced':
    '新文件夹:配方固定引用已发布的内容,因此从不替换',
  'give another version or output folder, or remove what is there if nothing uses it':
    '请给出其他版本或输出文件夹;若无人使用,可删除现有内容',
  'choose another output folder': '请选择其他输出文件夹',
  'a folder that can be read': '可读取的文件夹',
  JSON: 'JSON 文本',
  'a grey or RGB image': '灰度或 RGB 图像',
  'raise the recipe version with `cardSha256` beside `sha256`, or remove the wrong package':
    '请提高配方版本,在 `sha256` 旁写 `cardSha256`,或删除错误的模型包',
  'install the package, raise the recipe version with another pin':
    '请安装该模型包,或提高配方版本并固定引用另一个',
  'a place that takes the model package; nothing of it was kept': '可写入模型包的位置;未保留任何内容',
  // Cards.
  'logits from the graph, since the card lets a softmax follow':
    '由计算图给出的 logits,因为卡片要求其后接 softmax',
  'write "activation": "none"': '请写 "activation": "none"',
  'write "activation": "softmax" for logits, or a threshold of logits, which is 0 or less or above 1':
    '若为 logits,请写 "activation": "softmax",或写 logits 的阈值(不大于 0 或大于 1)',
  'export the network with the sigmoid of its scores': '请导出带分数 sigmoid 的网络',
  'one input with role image, and at most one with role template': '一个 image 输入,至多一个 template 输入',
  'different names': '不同的名称',
  'each label once': '每个标签只出现一次',
  'one of the labels, or null': '标签之一,或 null',
  'two labels or more to choose from by softmax': '供 softmax 选择的两个以上标签',
  'a label beside the background': '背景以外的标签',
  'two labels or more, since each place belongs to the best of its classes':
    '两个以上的标签,因为每个位置归于得分最高的类别',
  'a network that gives one number per place is imported with one label and no background, or packed with a card of the family anomaly-map (`models pack`)':
    '每个位置只给一个数的网络,请以一个标签、无背景导入,或以 anomaly-map 类卡片打包(`models pack`)',
  'for fit height heightPx fixed and widthPx null': 'fit 为 height 时 heightPx 固定、widthPx 为 null',
  'widthPx and heightPx both fixed or both null': 'widthPx 与 heightPx 同为固定值或同为 null',
  'none, since the graph takes any size': '不写,因为计算图接受任意尺寸',
  'each output once': '每个输出只出现一次',
  // Teaching.
  'nothing of this name: the export is written there first': '没有同名内容:导出先写在该处',
  'remove it, or give another folder': '请删除它,或给出其他文件夹',
  'parts that a person found good or bad, of this time': '该时段内由人员判为良品或不良品的工件',
  'review some on the page Review, or on the page of a part': '请在“复核”页面或工件页面复核一些工件',
  'a class of a defect that is no word for a good part': '缺陷类别,不能是表示良品的词',
  'an image, or a folder of images, that can be read': '可读取的图像或图像文件夹',
  'images with masks, outlines or boxes': '带掩膜、轮廓或框的图像',
  'layouts mvtec, visa, masks-beside, masks-apart, labelme, cvat, voc, yolo, coco or table':
    '布局 mvtec、visa、masks-beside、masks-apart、labelme、cvat、voc、yolo、coco 或 table',
  'masks that mark the defects': '标出缺陷的掩膜',
  'a place to note how a teaching goes': '记录示教进展的位置',
  'a card that describes the feature extractor': '描述特征提取网络的卡片',
  'a backbone with an RGB input': 'RGB 输入的骨干网络',
  'name a backbone package; `sightline models list` shows the family of each':
    '请给出骨干网络包;`sightline models list` 会列出各自的类别',
  'finite features of the backbone': '骨干网络给出有限的特征值',
  'the backbone cannot be used on this image or this machine; run `sightline models verify` on it':
    '该骨干网络不能用于此图像或此机器;请对其运行 `sightline models verify`',
  'choose tensors that are feature maps, channels first': '请选择通道在前的特征图张量',
  'a feature extractor for images of any height and width': '适用于任意高宽图像的特征提取网络',
  'export it with free height and width; where it takes images of one size alone, choose another network':
    '请以可变的高宽导出;若只接受一种尺寸,请换用其他网络',
  'a feature map [1, channels, h, w]': '特征图 [1, 通道, 高, 宽]',
  'they are written beside the package when it is taught; without them, teach again from the images':
    '它们在示教时写在模型包旁;若没有,请用图像重新示教',
  'teach anew: images are named by their folders, too, where they need it':
    '请重新示教:图像在需要时也以其文件夹命名',
  // The life of a recipe.
  'a station of this line': '本产线的工位',
  'a released recipe never changes: restore the file, or name another recipe in the line file':
    '已发布的配方不得更改:请恢复文件,或在产线文件中使用另一配方',
  'a line that is stopped in order while a shadow runs': '影子运行期间产线正常停止',
  'start the shadow again if something else than its model ended it':
    '若并非其模型导致终止,请重新启动影子运行',
}

export const PACKAGE_PATTERNS: readonly (readonly [RegExp, Say])[] = [
  [
    /^the recipe that is in force at (\S+) \((.+)\)$/,
    (station, what) => `工位 ${station} 当前有效的配方(${what})`,
  ],
  [
    /^the activation of (\S+) at (\S+) by (.+), (\S+), which the event log tells of$/,
    (recipe, station, by, at) => `事件日志所记的启用:${by} 于 ${at} 在工位 ${station} 启用 ${recipe}`,
  ],
  [
    /^put the newest copy back; where there is none, name the recipe that is to be in force in the line file: recipe: (.+)$/,
    (recipe) => `请放回最新的副本;若没有,请在产线文件中写明应有效的配方:recipe: ${recipe}`,
  ],
  [/^what lies in (.+)$/, (dir) => `${dir} 中的内容`],
  [
    /^scores from 0 to 1, as the threshold (\S+) of the card is for$/,
    (threshold) => `0 到 1 的分数,卡片的阈值 ${threshold} 即按此设定`,
  ],
  [
    /^a model is named by its id, that of this folder is (\S+), with SIGHTLINE_MODELS=(.+)$/,
    (id, dir) => `模型以其编号引用,该文件夹中的编号为 ${id},并设 SIGHTLINE_MODELS=${dir}`,
  ],
  [/^one meaning of the model with SHA-256 (\S+)$/, (hash) => `SHA-256 为 ${hash} 的模型只有一种含义`],
  [/^(.+) with SHA-256 (.+)$/, (id, hash) => `${id},SHA-256 为 ${hash}`],
  [/^golden\/(.+)$/, (name) => `文件 golden/${name}`],
  [/^(\d+) bytes for (\S+) \[(.+)\]$/, (n, name, shape) => `${name} [${shape}] 的 ${n} 字节`],
  [/^one of the trusted keys: (.+)$/, (all) => `受信密钥之一:${all}`],
  [/^the signature of (\S+) over the list of files$/, (key) => `${key} 对文件清单的签名`],
  [/^a new folder, or one that holds (.+) only$/, (what) => `新文件夹,或只含 ${what} 的文件夹`],
  [/^one label for (\S+): the name of its findings$/, (family) => `${family} 只有一个标签:其检出的名称`],
  [
    /^tiles that cover the input, (\d+) x (\d+) px, of which one or more is seen$/,
    (w, h) => `覆盖 ${w} x ${h} px 输入的分块,其中至少一块被查看`,
  ],
  [
    /^for fit crop at least (\S+) px, the longer side of the input$/,
    (px) => `fit 为 crop 时至少 ${px} px,即输入的长边`,
  ],
  [
    /^one image of any size that is a multiple of (\S+) px, the largest stride$/,
    (px) => `任意尺寸的一幅图像,尺寸为 ${px} px(最大步长)的倍数`,
  ],
  [/^one of the \S+ (.+)$/, (all) => `以下之一:${all}`],
  [
    /^searched (.+); (.*)name further folders of packages in SIGHTLINE_MODELS$/,
    (dirs, before) =>
      `已查找 ${dirs === 'no folder' ? '(无文件夹)' : dirs};${before}请将更多模型包文件夹写入 SIGHTLINE_MODELS`,
  ],
  [/^SHA-256 (\S+)$/, (hash) => `SHA-256 为 ${hash}`],
  [
    /^feature maps whose cells divide (\S+) px, with at most (\S+) px of repeated border$/,
    (px, border) => `单元尺寸能整除 ${px} px 的特征图,重复边界至多 ${border} px`,
  ],
]
