"""This module answers: which names, postal addresses, accounts, passports and number plates does a text hold?

A word before them says so: 联系人：张三, 微信 zhang_3, 家庭地址：……. A name stands alone only with a title: 张经理.
What begins with a family name by chance and ends in a title, 高级工程师 or 项目经理, is left alone.
"""

import re

from kb.privacy.shapes import Shape, Span, whole

_HAN = "\u4e00-\u9fff"

# --- names -------------------------------------------------------------------------------------

_FAMILY = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭"
    "陆汪范金石廖贾夏韦付傅方白邹孟熊秦邱江尹薛闫阎段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔汤温康施文牛樊葛邢安齐"
    "乔伍庞颜倪庄聂章鲁岳翟殷詹申欧耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童凌毕单季裴霍涂成苗谷盛曲翁冉骆蓝路游辛靳管柴"
    "蒙鲍华喻祁蒲房滕屈饶解牟艾尤阳穆农卓古吉缪简车连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂佟臧闵苟邬边卞姬"
    "师仇栾隋商刁沙荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝張劉陳楊黃趙吳孫馬鄭謝許韓馮鄧葉蘇呂蔣譚陸錢嚴龔顧賀"
)
_COMPOUND = "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|端木|南宫|长孙|宇文|歐陽"
_PERSON = rf"(?:(?:{_COMPOUND})[{_HAN}]{{1,2}}|[{_FAMILY}][{_HAN}]{{1,2}})"
_NO_NAME = re.compile(
    "高[级校中管]|项目|安全|华[为东南北中]|应用|方案|车间|关系|成本|金[融牌]|温控|任何|于是|单位|商务|连锁|管理|网络|简单|明[确细]|文档"
    "|农业|通用|万能|路由|包装|成品|房产|解决|边缘|查询|冷链|师资|司机|宗教|卫生|池化|程序|毕业"
)
"""What begins like a name and is none."""
_TITLE = re.compile(
    "总经理|副总|董事长|经理|主任|主管|总监|总裁|老师|医生|大夫|院长|校长|局长|处长|科长|部长|厂长|所长|站长|队长|组长|班长|店长"
    "|行长|馆长|镇长|村长|先生|女士|小姐|太太|师傅|老板|书记|秘书|护士|同学|警官|律师|教授|博士|工程师|专员|助理|阿姨|大哥|大姐"
    f"|(?P<short>[工总哥姐董])(?=$|[^{_HAN}]|[您你说的在来让要反打去到过已是请和与及电回给发问也叫那这刚昨今])"
)
_OTHERWISE = {"short": "施高金石安车路包米农时段成谷于单师边商解", "": "于任车简成师解单边商"}
"""Family names that mean something else right before a title: 高工, 施工, 任主任."""
_BEFORE = (
    rf"(?:^|[^{_HAN}]|[给找请让叫和与跟是由问向对及的户系到了好位在经被把见等据按听说知称]"
    r"|[部组室处科院校司厂所队行店区员家人])"
)
"""What may stand before a name: the end of another word would make it a piece of one."""
_TITLED = tuple(
    re.compile(rf"{_BEFORE}(?P<value>{name})$")
    for name in (
        rf"[{_FAMILY}]",
        rf"(?:[{_FAMILY}][{_HAN}]|{_COMPOUND})",
        rf"(?:[{_FAMILY}][{_HAN}]{{2}}|(?:{_COMPOUND})[{_HAN}])",
    )
)


def _titled(m: re.Match[str]) -> Span | None:
    """The shortest name on the left of a title; of 工, 总 and their like the family name alone."""
    short = "short" if m["short"] else ""
    before = m.string[max(0, m.start() - 4) : m.start()]
    found = next(filter(None, (name.search(before) for name in _TITLED[: 1 if short else None])), None)
    if found is None or found["value"] in _OTHERWISE[short] or _NO_NAME.match(found["value"]):
        return None
    return m.start() - len(found["value"]), m.start()


_ROLE = re.compile(
    rf"""
    (?: (?: 联系人 | 联络人 | 姓[ ]{{0,4}}名 | 收[件货]人 | 寄件人 | 发件人 | 报[修障]人 | 申请人 | 经办人? | 负责人
          | 对接人 | 接口人 | 使用人 | 签收人 | 患者 | 家长 | 业主 | 法人 | 法定代表人 | 户主 | 持卡人 | 开户名 | 投诉人
          | 当事人 | 值班人员? | 提交人 | 反馈人 | 来电人 ) (?P<joint>[ *|]{{0,4}}[:=是为叫][ *|]{{0,4}})? [ |*]{{0,4}}
      | (?:客户名?|用户|学生|员工|处理人|(?<!用)户名) (?:名称)? [ ]?:[ ]?
      | (?:客户|用户|同事|员工|同学) (?=[{_HAN}]{{2,3}}(?:反馈|来电|报[修障])) | (?<![\w@])@ )
    (?: (?P<value>{_PERSON}) | (?P<foreign>[{_HAN}]{{1,8}}\.[{_HAN}]{{1,8}})
      | (?P<latin>[A-Z][a-z]{{1,15}}(?:[ ]?[A-Z][a-z]{{0,15}}){{1,2}}) )
    """,
    re.VERBOSE,
)
_AFTER = re.compile(
    rf"$|[^{_HAN}]|电话|手机|座机|联系|先生|女士|经理|主任|老师|工程师|反馈|来电|报修|报障|身份|微信|邮箱|地址|性别|[的说住男女在打]"
)
_GROUP = re.compile(
    r".*[部门组员处科室司团队者方人户端机器级类型权限号码数据库表名单位织构商店厂院校局会网件接任务查联]"
)


def _role(m: re.Match[str]) -> Span | None:
    """Two or three characters that begin with a family name; a group or a machine is nobody."""
    if not m["value"]:
        joined = re.search(r"[:=|][ *]*$", m.string[m.start() : m.start(m.lastgroup or 0)])
        return m.span(m.lastgroup or 0) if joined else None
    start, end = m.span("value")
    if _NO_NAME.match(m["value"]) or _GROUP.match(m["value"]):
        return None
    ends = [place for place in range(start + 2, end + 1) if _AFTER.match(m.string, place)]
    return (start, ends[0]) if ends else (start, end) if m["joint"] else None


_INTRODUCED = re.compile(
    rf"(?:我叫|本人(?:叫|是)?|名叫|我的名字是)[ ]?(?P<value>{_PERSON})(?=$|[^{_HAN}]|[的在是住打])"
)
_ENGLISH = re.compile(
    r"""
    (?<![A-Za-z/]) (?:Mr|Mrs|Ms|Dr|Prof)\.?[ ] (?P<titled>[A-Z][a-z]{1,15}(?:[ ][A-Z][a-z]{1,15})?)
  | (?<![A-Za-z/]) (?: Contact(?:[ ](?:person|name))? | Full[ ]name | Customer(?:[ ]name)? | Caller | Attn | Patient
      | (?:Reported|Requested|Submitted)[ ]by ) [ ]?:[ ]{0,3}
        (?P<named>[A-Z][a-z]{1,15}(?:[ ][A-Z]\.?)?(?:[ ][A-Z][a-z]{1,15}){1,2})
  | (?<![^\n]) (?:From|To|Cc|Sender|发件人|收件人|抄送)[ ]?:[ ]{0,3} "? (?P<mailing>[^<>\n"@〔]{2,40}?) "?[ ]{0,2}<
    """,
    re.VERBOSE,
)
"""With a title, behind the word for a role, and before an address in the head of a mail."""


_MAILING = re.compile("<(?=〔{6})")
_SHOWN = re.compile(rf"(?P<value>[{_HAN}]{{2,4}}|[A-Z][a-z]{{1,15}}[ ][A-Z][a-z]{{1,15}})\"?[ ]?$")


def _shown(m: re.Match[str]) -> Span | None:
    """The name before an address that was found: "张三" <...>."""
    before = m.string[max(0, m.start() - 36) : m.start()]
    found = _SHOWN.search(before)
    return (m.start() - len(found[0]), m.start() - len(found[0]) + len(found["value"])) if found else None


def _last(m: re.Match[str]) -> Span | None:
    return m.span(m.lastgroup or 0)


# --- what a label says: all of it in small letters ------------------------------------------------

_JOINT = r"[ *|]{0,4}[:=是为]?[ *|]{0,4}[(【「\"']?"
_ACCOUNT = re.compile(
    rf"""
    (?P<wxid>wxid_[a-z0-9]{{8,20}})(?!\w)
  | (?:微信号?|v信|薇信|威信|加微|wechat|weixin|[wv]x(?![a-z])) (?:号码?|账号|帐号|[ ]?id)? (?P<joint>{_JOINT})
        (?P<wechat>[a-z][a-z0-9_-]{{5,19}}|[1-9]\d{{4,11}}) (?![\w@.-])
  | (?:q[ ]?q(?!群)|加q|扣扣|企鹅号?) (?:号码?)? {_JOINT} (?P<qq>[1-9]\d{{4,11}}) (?![\w.-])
    """,
    re.VERBOSE | re.ASCII,
)


def _inside_a_word(m: re.Match[str]) -> bool:
    return m[0][0].isascii() and re.search(r"[a-z-]$", m.string[max(0, m.start() - 1) : m.start()]) is not None


def _account(m: re.Match[str]) -> Span | None:
    """Without a sign between, only what is no word: 微信 zhang_3, not 微信 windows."""
    name = next(name for name in ("wxid", "wechat", "qq") if m[name])
    word = name == "wechat" and not m["joint"].strip(" *|") and not re.search(r"[\d_]", m["wechat"])
    return None if word or _inside_a_word(m) else m.span(name)


_PASSPORT = re.compile(
    r"(?:护照|通行证|回乡证|台胞证|军官证|士官证|passport)(?:号码?|编号|[ ](?:no|number)\.?)?"
    rf"{_JOINT}(?P<value>[a-z]{{0,2}}[ -]?\d{{6,10}}[a-z]?)(?![\w-])",
    re.ASCII,
)
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][ ]?[a-hj-z][ .-]?"
    r"(?:[a-hj-np-z0-9]{6}|[a-hj-np-z0-9]{4}[a-hj-np-z0-9挂学警港澳使领])(?![a-z0-9])"
)
_NO_PROVINCE = re.compile(r"[里讯为私公有多度道山北南东海最更]$")
"""What stands before 云 or 京 where no province is meant: 阿里云, 北京."""


def _plate(m: re.Match[str]) -> Span | None:
    """Three digits at least, two where a word says that it is one."""
    before = m.string[max(0, m.start() - 8) : m.start()]
    named = "车" in before or "牌" in before
    return m.span() if named or (len(re.findall(r"\d", m[0])) >= 3 and not _NO_PROVINCE.search(before)) else None


_ADDRESS = re.compile(
    rf"""
    (?: 地址 | 住址 | 住处 | 住在 | 家住 | 寄[到往给] | 送货?[到至] | 上门到
      | (?:现场|安装|上门|送货|取件|维修)(?:地点|位置) )
    (?P<joint>[ *|]{{0,4}}[:=是为|][ *|]{{0,4}})? [ ]{{0,2}} [(【「]?
    (?P<value>[a-z]{{0,3}}[{_HAN}][{_HAN}\w ()\#.-]{{3,80}})
  | (?: address | addr\.? | ship[ ]to | deliver[ ]to ) [ ]?:?[ ]{{1,3}}
    (?P<abroad>(?:no\.?[ ]?|[a-z]+[ ])?\d{{1,5}}[\w ,.\#-]{{3,60}}?
      (?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|boulevard|blvd|building|tower|district)\b[\w ,.\#-]{{0,60}})
    """,
    re.VERBOSE,
)
_MACHINE = re.compile(r"(?:[a-z0-9]|[件络存理终段标源位个发])[ ]?$")
"""What stands before 地址 where a machine's is meant: IP 地址, 内存地址, 发送到."""
_HOUSE = re.compile(
    r"[路街道巷弄里园区厦苑城庄村]\w{0,3}?[\d一二三四五六七八九十]+ ?[号弄栋幢]|\d ?(?:号楼?|[栋幢弄室]|单元|号院)"
)
_DISTRICT = re.compile(rf"[{_HAN}]{{2,}}[省市州][{_HAN}]{{2,}}(?:[区县市镇乡村路街]|大[道厦]|小区)")
_NEXT_FIELD = re.compile(r" +(?:电话|手机|联系|邮编|收[件货]人|姓名|tel|phone)|电话|手机|联系[人方]")


def _address(m: re.Match[str]) -> Span | None:
    """Where a house is numbered, or a district of a town is named: 地址 is what machines have, too."""
    if m["abroad"]:
        return None if _inside_a_word(m) else m.span("abroad")
    start, text = m.start("value"), m["value"]
    if cut := _NEXT_FIELD.search(text):
        text = text[: cut.start()]
    text = text.rstrip(" .(-")
    machine = _MACHINE.search(m.string[max(0, m.start() - 2) : m.start()])
    place = _HOUSE.search(text) or (m["joint"] and _DISTRICT.match(text))
    return (start, start + len(text)) if place and not machine else None


PEOPLE = (
    Shape("passport", _PASSPORT, lower=True),
    Shape("account", _ACCOUNT, _account, lower=True),
    Shape("plate", _PLATE, _plate, lower=True),
    Shape("address", _ADDRESS, _address, lower=True),
    Shape("name", _ENGLISH, _last),
    Shape("name", _ROLE, _role),
    Shape("name", _INTRODUCED, whole),
    Shape("name", _TITLE, _titled),
    Shape("name", _MAILING, _shown),
)
