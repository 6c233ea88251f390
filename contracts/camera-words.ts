type Say = (...found: string[]) => string

/** Chinese of what cameras, readers and the ports that take their frames say; see `fact-words.ts`. */
export const CAMERA_WORDS: Readonly<Record<string, string>> = {
  // Frames and triggers.
  'a frame of its own': '自己的一帧',
  'check that the camera runs, is triggered and reaches this port':
    '请检查相机是否运行、是否被触发、能否到达此端口',
  'a whole picture': '完整的画面',
  'video that the decoder finds damaged': '解码器认为已损坏的视频',
  'check the connection to the camera; RTSP loses nothing over TCP':
    '请检查与相机的连接;RTSP 采用 TCP 传输时不会丢失数据',
  'install ffmpeg 5.1 or later and put it on the PATH (Debian: apt-get install ffmpeg)':
    '请安装 ffmpeg 5.1 或更高版本并加入 PATH(Debian:apt-get install ffmpeg)',
  'arguments that end with -i <input>': '以 -i <输入> 结尾的参数',
  'the source was stopped': '图像源已停止',
  'one release per acquired slot': '每个取得的帧槽只释放一次',
  'somebody else may be reading these pixels: find the owner who released too early':
    '可能仍有程序在读取这些像素:请查明是谁提前释放',
  'lower frames.slots or frames.slotBytes': '请调低 frames.slots 或 frames.slotBytes',
  'raise frames.slotBytes': '请调高 frames.slotBytes',
  'raise frames.slotBytes in the line file': '请在产线文件中调高 frames.slotBytes',
  'raise camera.maxBytes': '请调高 camera.maxBytes',
  'the pipeline is slower than the line: lower the rate, add workers or raise frames.slots':
    '检测慢于产线节拍:请降低节拍、增加工作线程或调高 frames.slots',
  'one consumer of items()': 'items() 只有一个使用者',
  'create a new source to start again': '请新建图像源后重新开始',
  'let the camera send the trigger counter of the PLC': '请让相机发送 PLC 的触发计数',
  'the file that was there when the replay began': '回放开始时已有的文件',
  'images in sub-folders need `dataset:` in the line file': '子文件夹中的图像需要在产线文件中写 `dataset:`',
  'the clock of the camera is wrong': '相机时钟不准',
  'a changing image': '有变化的图像',
  'a trigger counter': '触发计数器',
  // Frames that are pushed.
  'a camera or program': '相机或程序',
  'a web page (Origin header)': '网页(有 Origin 头)',
  'Authorization: Bearer <token>': 'Authorization 请求头:Bearer <令牌>',
  'the token of the line file': '产线文件中的令牌',
  'the trigger number of the part, because the gate acts by it': '工件的触发编号,剔除机构据此动作',
  'no header': '没有该请求头',
  'a whole number': '整数',
  'the new number in x-trigger': 'x-trigger 中的新编号',
  'image/*, or application/octet-stream with x-pixel, x-width, x-height':
    'image/*,或带 x-pixel、x-width、x-height 的 application/octet-stream',
  'the number of bytes': '字节数',
  'send the frame in one piece, not chunked': '请整帧一次发送,不要分块传输',
  'an RFC 3339 time with zone': '带时区的 RFC 3339 时间',
  'a number of counts': '计数值',
  'one header, 1 to 64 characters, percent-encoded UTF-8': '一个请求头,1 到 64 个字符,百分号编码的 UTF-8',
  'mono8 or rgb8': 'mono8 或 rgb8',
  'whole numbers of pixels': '整数像素',
  'the whole frame': '完整的一帧',
  'a token, because the host is not a loopback address': '令牌,因为主机不是回环地址',
  'the line is stopping': '产线正在停止',
  'this frame was not counted: send it again when the line runs': '该帧未计入:请在产线运行后重新发送',
  // Readers.
  'characters of a US keyboard, closed by Enter': '美式键盘的字符,以回车结束',
  'set the scanner to a US keyboard, control characters as Ctrl with a key':
    '请将扫码器设为美式键盘,控制字符以 Ctrl 加键发送',
  'a longer one': '更长的内容',
  'let the scanner close each code by Enter (CR or LF)': '请让扫码器以回车(CR 或 LF)结束每个条码',
  'let the scanner close each code by Enter (CR or LF); check its cable':
    '请让扫码器以回车(CR 或 LF)结束每个条码;并检查其线缆',
  'well-formed LLRP parameters': '格式正确的 LLRP 参数',
  'PeakRSSI with every tag, as minRssiDbm asks for it': '每个标签都带 PeakRSSI,minRssiDbm 需要它',
  'set the reader to report it, or take minRssiDbm out': '请将读写器设为上报该值,或去掉 minRssiDbm',
  'the reader refused the connection': '读写器拒绝了连接',
  'reports of this connection': '本次连接的上报',
  'nobody knows when those tags went by; parts that passed meanwhile have no read':
    '无法得知这些标签何时经过;其间通过的工件没有读码',
  'let the user read it, by the access rules of the broker; it is asked for again by itself':
    '请在代理的访问规则中允许该用户读取;将自动重新订阅',
  'no connection to the broker': '未连接到代理',
  'reads of this connection': '本次连接的读码',
  'one that the broker kept of an earlier time': '代理保留的较早的一条',
  'let the reader publish without the retain flag': '请让读码器发布时不带 retain 标志',
  'a code': '条码',
  'an empty message': '空消息',
  'text, and optionally symbologyId, trigger, position': 'text,以及可选的 symbologyId、trigger、position',
  'JSON in UTF-8': 'UTF-8 的 JSON',
  JSON: 'JSON 文本',
  'the scanner closed the connection': '扫码器关闭了连接',
  'a code in one piece, closed by Enter': '一次发完、以回车结束的条码',
  'it may be the end of a code, or one that was kept; scan the part again':
    '可能是某个条码的后半段,或扫码器缓存的条码;请重新扫描该工件',
  // The gate.
  'the connection is closed': '连接已关闭',
  'not connected': '未连接',
}

export const CAMERA_PATTERNS: readonly (readonly [RegExp, Say])[] = [
  [/^a frame within (\S+) ms of the count of the PLC$/, (ms) => `PLC 计数后 ${ms} ms 内的一帧`],
  [/^(\S+), as before$/, (size) => `${size},与之前相同`],
  [/^at most (\d+) bytes$/, (n) => `至多 ${n} 字节`],
  [/^(\d+) bytes$/, (n) => `${n} 字节`],
  [/^(\d+) bytes \((\S+), (\d+) x (\d+)\)$/, (n, pixel, w, h) => `${n} 字节(${pixel},${w} x ${h})`],
  [/^slot (\d+) of (\d+)$/, (n, of) => `帧槽 ${n},共 ${of} 个`],
  [/^a second release of slot (\d+)$/, (n) => `帧槽 ${n} 第二次释放`],
  [/^(\d+) slots of (\d+) bytes$/, (n, bytes) => `${n} 个帧槽,每个 ${bytes} 字节`],
  [/^a free one of (\d+) slots$/, (n) => `${n} 个帧槽中有空闲的`],
  [/^none within (\d+) ms$/, (ms) => `${ms} ms 内没有`],
  [/^none with host (.+)$/, (host) => `主机 ${host} 下没有`],
  [/^a second one \((.+)\)$/, (adapter) => `第二个(${adapter})`],
  [/^(\d+) registers$/, (n) => `${n} 个寄存器`],
  [/^(\S+) for (\d+) ms or longer$/, (value, ms) => `${ms} ms 以上一直为 ${value}`],
  [/^trigger (\d+) after the end of the source$/, (n) => `图像源结束后的触发 ${n}`],
  [/^trigger (\d+) came before any$/, (n) => `触发 ${n} 先到,尚无任何一帧`],
  [/^a frame of trigger (\d+), which the PLC has counted$/, (n) => `PLC 已计到的触发 ${n} 的一帧`],
  [/^a camera that is at (\S+)$/, (n) => `相机已到 ${n}`],
  [/^a line of at most (\d+) characters$/, (n) => `至多 ${n} 个字符的一行`],
  [/^a code of at most (\d+) characters$/, (n) => `至多 ${n} 个字符的条码`],
  [/^a pause of (\d+) ms within it$/, (ms) => `其中停顿了 ${ms} ms`],
  [
    /^a code that begins (\d+) ms after the scanner was opened, or later$/,
    (ms) => `在打开扫码器 ${ms} ms 之后才开始的条码`,
  ],
  [/^status (\d+) (.*)$/, (code, text) => `状态 ${code} ${text}`],
  [/^(\S+): success$/, (what) => `${what} 成功`],
  [/^none with (\S+)$/, (epc) => `${epc} 没有`],
  [/^(.+) that the reader kept of an earlier one$/, (what) => `读写器保留的早先连接的 ${what}`],
  [/^LLRP message (\S+) within (\d+) ms$/, (type, ms) => `${ms} ms 内的 LLRP 消息 ${type}`],
  [/^the broker refused the topic: (.+)$/, (why) => `代理拒绝了该主题:${why}`],
  [
    /^check the camera, its cable, address and password; (.+)$/,
    (then) =>
      `请检查相机、其线缆、地址与密码;${then?.startsWith('it ') === true ? '相机将自动重新打开' : '然后重新启动产线'}`,
  ],
  [/^a number above (\d+)$/, (n) => `大于 ${n} 的数`],
  [/^captured at most (\d+) ms ago$/, (ms) => `至多 ${ms} ms 前拍摄`],
  [/^(\d+) ms ago$/, (ms) => `${ms} ms 之前`],
  [/^(\d+) ms in the future$/, (ms) => `晚于当前时间 ${ms} ms`],
]
