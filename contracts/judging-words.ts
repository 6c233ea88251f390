type Say = (...found: string[]) => string

const noneOr = (list: string | undefined, none: string): string => (list === none ? '无' : (list ?? ''))

const placeOf = (text: string | undefined): string => noneOr(text?.replace(/^at /, '位于 '), 'none')

/** Chinese of what judging says: pictures, tools, recipes, rules, models and the queue; see `fact-words.ts`. */
export const JUDGING_WORDS: Readonly<Record<string, string>> = {
  // Pictures.
  'check the camera': '请检查相机',
  'an uncompressed BMP of 1, 4, 8, 16, 24 or 32 bits': '1、4、8、16、24 或 32 位的未压缩 BMP',
  'a size above 0': '大于 0 的尺寸',
  transparency: '透明度',
  'JPEG data that libjpeg-turbo finds damaged': 'libjpeg-turbo 认为已损坏的 JPEG 数据',
  'a value JSON can hold': 'JSON 可表示的值',
  // Golden template, regions, tools.
  'a golden template': '标准图',
  'the golden template': '标准图',
  'a golden template with the frame': '随帧提供的标准图',
  'a golden template with the frame (`golden: { from: frame }`)':
    '随帧提供的标准图(`golden: { from: frame }`)',
  'a golden template (`golden:`) in the recipe': '配方中的标准图(`golden:`)',
  'a released recipe never changes: raise the version': '已发布的配方不得更改:请提高版本号',
  'a released recipe never changes: restore the file': '已发布的配方不得更改:请恢复文件',
  'a released recipe never changes: restore the file, or raise the version':
    '已发布的配方不得更改:请恢复文件,或提高版本号',
  'look at the image; raise maxFindings or the threshold if a good part may have so many':
    '请查看图像;若良品也可能有这么多,请调高 maxFindings 或阈值',
  'none left after the exclusions': '去掉排除区后没有剩余',
  'a finite score map': '数值有限的分数图',
  'check the part holder and the trigger, or leave more room around the region':
    '请检查工件定位和触发,或在区域周围留出更多余量',
  '`calibration:` in the recipe for mm': '配方中用于 mm 的 `calibration:`',
  'check the part, the light and the line of the measurement': '请检查工件、光照和测量线',
  'a patch of at least 4 × 4 px with structure': '至少 4 × 4 px 且有纹理的小块',
  'a flat or tiny one': '平坦或过小的一块',
  'choose a place with edges in both directions': '请选择两个方向都有边缘的位置',
  'an anchor that stays inside the image': '始终位于图像内的定位特征',
  'a regular expression': '正则表达式',
  'make the packages with `sightline models import-ocr`': '请用 `sightline models import-ocr` 制作模型包',
  // Recipes and rules.
  'an id used once': '只使用一次的编号',
  'a characteristic measured once: rules know it by this name': '只测量一次的特性:规则以此名称引用',
  'a calibration that has not expired': '未过期的标定',
  'calibrate again': '请重新标定',
  '0, or two or more anchors: one shows no turn': '0,或两个以上的定位特征:一个定位特征看不出转角',
  'draw a region around what is to be judged, away from the borders of the view by as much as parts may lie off':
    '请在需判定的部分周围画区域,与视野边界的距离不小于工件可能的偏移',
  'nothing would ever be found': '将永远找不到任何缺陷',
  'file name and content must agree': '文件名与内容必须一致',
  'a code@1 tool with `identity: true`, or an association of the station':
    '带 `identity: true` 的 code@1 工具,或工位的关联方式',
  'a boolean CEL condition over the documented variables': '仅用文档所列变量的布尔 CEL 条件',
  'at least one matching rule': '至少一条匹配的规则',
  'nothing passes by default: add a rule with verdict pass': '默认不会判合格:请添加判定为 pass 的规则',
  'true or false': 'true 或 false',
  'a tool register@1, without which no part is registered': 'register@1 工具,没有它工件无法配准',
  // Models and threads.
  'model packages of the meaning (labels, inputs, family) that the other threads have loaded':
    '与其他线程所加载的含义(标签、输入、类别)相同的模型包',
  'packages that were exchanged since': '此后被更换的模型包',
  'start the program again, so that all threads load the same ones':
    '请重新启动程序,使所有线程加载同样的模型包',
  'no worker to spare': '没有空余的工作线程',
  'export the model without loops, or use a smaller one; a thread that hangs keeps a core until the program is restarted':
    '请导出不含循环的模型,或使用更小的模型;挂起的线程在程序重启前一直占用一个核',
  'an output of this name': '该名称的输出',
  float32: 'float32 类型',
  int64: 'int64 类型',
  'a model that judges images': '能判定图像的模型',
  'a backbone, which gives features only': '骨干网络,只给出特征',
  'teach a model on it with `sightline teach` and name that one':
    '请用 `sightline teach` 在其上示教模型,并使用该模型',
  'crop the ROI to the size of the model, or use a package whose card has fit stretch or letterbox':
    '请将 ROI 裁成模型的尺寸,或使用卡片中 fit 为 stretch 或 letterbox 的模型包',
  'a station of this line': '本产线的工位',
  'a float32 or int64 tensor': 'float32 或 int64 张量',
  'install the libraries of the provider, or add cpu to the list':
    '请安装该执行后端所需的库,或在列表中加入 cpu',
  'a model onnxruntime can load': 'onnxruntime 能加载的模型',
  'check that the file is whole and its operator set is supported': '请检查文件是否完整、其算子集是否受支持',
  'a running inference thread': '运行中的推理线程',
  'an open session': '打开的会话',
  'a closed one': '已关闭的会话',
  // Jobs of other machines.
  'Redis was emptied or restarted without persistence; send it again':
    'Redis 被清空或在无持久化的情况下重启;请重新发送',
  'see the logs of the workers': '请查看工作进程的日志',
  'the result has expired': '结果已过期',
  'send the job again': '请重新发送任务',
  'Redis without such a worker': '有 Redis 但没有这样的工作进程',
  'no Redis': '没有 Redis',
  'run the same version on all hosts': '请在所有主机上运行同一版本',
  'a sender that says it waits': '表明仍在等待的发送方',
  'send it again if its program stood still, as on a computer that slept':
    '若其程序曾停顿(例如电脑休眠),请重新发送',
  'redis://[user:password@]host[:port][/db], or rediss:// for TLS':
    'redis://[用户:密码@]主机[:端口][/库],TLS 用 rediss://',
  'it is set in the environment': '它在环境变量中设置',
  'maxmemory-policy noeviction, so that no frame or job that waits is thrown away':
    'maxmemory-policy 为 noeviction,以免丢弃等待中的帧或任务',
}

export const JUDGING_PATTERNS: readonly (readonly [RegExp, Say])[] = [
  [/^(\d+) bits, compression (\S+)$/, (bits, c) => `${bits} 位,压缩方式 ${c}`],
  [/^pixels behind the header, from byte (\d+) on$/, (n) => `像素在文件头之后,从字节 ${n} 开始`],
  [/^pixels from byte (\d+) on$/, (n) => `像素从字节 ${n} 开始`],
  [/^at most (\S+) megapixels$/, (n) => `至多 ${n} 兆像素`],
  [/^a PGM or PPM with (.+)$/, (what) => `PGM 或 PPM,${what}`],
  [/^no frame for trigger (\d+)$/, (n) => `触发 ${n} 没有帧`],
  [/^it was ready (\S+) ms too late$/, (ms) => `晚了 ${ms} ms 才完成`],
  [/^the content in use \((\S+)\)$/, (hash) => `使用中的内容(${hash})`],
  [/^trigger (\d+)$/, (n) => `触发 ${n}`],
  [/^(\d+) bytes of (\S+), (\d+) × (\d+) px$/, (n, pixel, w, h) => `${n} 字节,${pixel},${w} × ${h} px`],
  [/^(\d+ × \d+ px) as the header says$/, (size) => `文件头所写的 ${size}`],
  [/^at most (\d+) findings \(maxFindings\)$/, (n) => `至多 ${n} 个检出(maxFindings)`],
  [/^a region with pixels inside (.+)$/, (size) => `在 ${size} 内含有像素的区域`],
  [/^a region of `rois` \((.+)\)$/, (all) => `\`rois\` 中的区域(${noneOr(all, 'none defined')})`],
  [/^all that it looks at inside the frame$/, () => '其查看的全部内容都在画面内'],
  [/^region (.+) inside the frame$/, (roi) => `区域 ${roi} 在画面内`],
  [/^up to (\S+) px of it outside, where the part lies$/, (px) => `按工件的位置,最多有 ${px} px 在画面外`],
  [/^a result within (\S+) ms$/, (ms) => `${ms} ms 内的结果`],
  [/^job (\S+) is gone$/, (id) => `任务 ${id} 已不存在`],
  [
    /^Redis and a `sightline worker` for (\S+) jobs$/,
    (kind) => `Redis 和处理 ${kind} 任务的 \`sightline worker\``,
  ],
  [/^an answer of Redis within (\d+) ms$/, (ms) => `Redis 在 ${ms} ms 内应答`],
  [/^a worker of version (\S+)$/, (v) => `版本 ${v} 的工作进程`],
  [/^none for (\d+) s$/, (s) => `${s} s 内没有`],
  [/^none in (\d+) ms$/, (ms) => `${ms} ms 内没有`],
  [/^a box inside (.+)$/, (size) => `在 ${size} 内的框`],
  [/^check digit (\d)$/, (digit) => `校验位 ${digit}`],
  [/^less than meanGreyMax, (\S+)$/, (max) => `小于 meanGreyMax(${max})`],
  [
    /^a line of (?:at least )?(\d+) px (?:or more )?inside (.+)$/,
    (px, size) => `在 ${size} 内、至少 ${px} px 长的线`,
  ],
  [/^a lower limit below the upper one, (\S+)$/, (usl) => `小于上限 ${usl} 的下限`],
  [/^a target within the limits, (\S+) to (\S+)$/, (lsl, usl) => `在界限 ${lsl} 到 ${usl} 之内的目标值`],
  [/^one registration: (\S+) says where the part lies$/, (id) => `只有一次配准:工件的位置由 ${id} 给出`],
  [/^another one, (\S+)$/, (id) => `另一个:${id}`],
  [
    /^a region that the frame shows wholly when the part lies off, or the part is held \(up to (\S+) px by (\S+)\)$/,
    (px, id) => `工件偏移时画面仍能完整显示的区域,否则工件将被隔离(按 ${id} 最多偏移 ${px} px)`,
  ],
  [
    /^(.+?)(?:: the whole view|, which reaches the border of the view) of (.+), which no part that lies off is seen in$/,
    (roi, size) =>
      `${roi === 'none' ? '未设区域,为整个视野' : `${roi},到达视野边界`}(${size}):工件偏移时即看不全`,
  ],
  [/^at most maxAreaPx, (\S+)$/, (n) => `至多 maxAreaPx(${n})`],
  [/^at most (\S+), the pixels that the tool looks at$/, (n) => `至多 ${n},即该工具查看的像素数`],
  [/^the recipe as it was \((\S+)\)$/, (hash) => `原来的配方(${hash})`],
  [/^no readable file (.+)$/, (file) => `没有可读取的文件 ${file}`],
  [/^rule "(.+)"$/, (rule) => `规则“${rule}”`],
  [/^(\S+), as a division by 0 gives it$/, (value) => `${value},即除以 0 的结果`],
  [/^(\S+), of optional types$/, (op) => `${op},属于可选类型`],
  [/^registration in rule "(.+)"$/, (rule) => `规则“${rule}”中的配准`],
  [/^a (\S+) that the recipe can give: (.+)$/, (kind, all) => `配方能给出的 ${kind}:${noneOr(all, 'none')}`],
  [/^"(.+)" in rule "(.+)"$/, (name, rule) => `规则“${rule}”中的“${name}”`],
  [
    /^a (\S+) edge and after it a (\S+) edge of at least (\S+) grey levels per px$/,
    (first, second, contrast) =>
      `先有一条${EDGE[first ?? ''] ?? first}边缘,其后有一条${EDGE[second ?? ''] ?? second}边缘,每 px 至少 ${contrast} 灰度级`,
  ],
  [/^first (.+), last (.+)$/, (from, to) => `第一条 ${placeOf(from)},最后一条 ${placeOf(to)}`],
  [/^a golden template: (\S+) compares with one$/, (model) => `标准图:${model} 需与其比较`],
  [/^one at \((\S+), (\S+)\)$/, (x, y) => `位于 (${x}, ${y}) 的一个`],
  [/^a model of the family (\S+)$/, (family) => `${family} 类模型`],
  [/^characters that (\S+) can read$/, (id) => `${id} 能识别的字符`],
  [/^a prepared recipe \((.+)\)$/, (all) => `已准备好的配方(${noneOr(all, 'none')})`],
  [/^models that are loaded and run once within (\S+) s$/, (s) => `在 ${s} s 内完成加载并试运行的模型`],
  [/^no end after (\S+) s, on (.+)$/, (s, name) => `${s} s 后仍未结束,位于 ${name}`],
  [/^shape (\[.*\])$/, (shape) => `形状 ${shape}`],
  [/^shape (.+)$/, (shape) => `形状 ${shape}`],
  [/^a label from 0 to (\d+)$/, (n) => `0 到 ${n} 的标签`],
  [/^a working provider of \[(.+)\]$/, (all) => `[${all}] 中可用的执行后端`],
]

/** Edges as the tool `measure@1` names them, along its line. */
const EDGE: Readonly<Record<string, string>> = { rising: '由暗到亮的', falling: '由亮到暗的' }
