/** Chinese of why a part is held, as the words of `fact-words.ts`: what is wrong with its codes and its picture. */
export const PART_WORDS: Readonly<Record<string, string>> = {
  '1 to 128 printable ASCII characters without blanks': '1 到 128 个可打印 ASCII 字符,不含空格',
  'more than dots': '不只是点的文本',
  'the code is not an identity; point the tool at the right symbol':
    '该条码不能标识工件;请将工具对准正确的条码',
  'the code is not an identity; print it again or point the tool at the right symbol':
    '该条码不能标识工件;请重新打印,或将工具对准正确的条码',
  'a code with a serial number': '带序列号的条码',
  'no readable code': '没有可读的条码',
  'a code without a serial': '不带序列号的条码',
  'check print, light and region of the code; the part is held': '请检查条码的打印、光照和区域;工件已隔离',
  'one identity on the part': '工件上唯一的身份',
  'remove the wrong label, or restrict the tool to the region of the right one':
    '请去掉错误的标签,或将工具限制在正确标签的区域',
  'change the recipe or take the part off the line': '请更换配方,或将工件移出产线',
  'print the code again or correct the label data': '请重新打印条码,或更正标签数据',
  'correct the label data': '请更正标签数据',
  'the code of the part in the region of its tool': '工件条码位于其工具的区域内',
  'it may be that of a part beside: check print and light of the own one; where it lies elsewhere, draw the region around all such places, or say identity: anywhere where the frame never shows a second part':
    '它可能属于相邻工件:请检查本工件条码的打印和光照;若条码会出现在别处,请将区域画到包含所有这些位置;若画面中绝不会出现第二个工件,可设 identity: anywhere',
  '8 bits per channel': '每通道 8 位',
  'have the camera send 8 bits, or convert the files': '请让相机发送 8 位图像,或转换文件',
  'one image': '单幅图像',
  'an animation or several pages': '动画或多页图像',
  'two, one behind the other': '两幅,一幅接一幅',
  'have the camera send each part by itself': '请让相机逐件发送',
  'grey or RGB': '灰度或 RGB',
  'grey, RGB or a palette': '灰度、RGB 或调色板',
  'YCbCr without JPEG': '未用 JPEG 压缩的 YCbCr',
  'a transparency mask': '透明度掩膜',
  'a colour filter array': '彩色滤光阵列(未去马赛克)',
  'linear raw': '线性原始数据',
  'have the camera send grey or RGB, or convert the files': '请让相机发送灰度或 RGB 图像,或转换文件',
  '0 bytes': '0 字节',
  'a complete image': '完整的图像',
  'opaque pixels': '不透明的像素',
  'remove the alpha channel': '请去掉透明通道',
  'set the camera to the size of the recipe, or correct `view` in a new recipe version':
    '请将相机设为配方的尺寸,或在新的配方版本中更正 `view`',
}
