"""Customer data as people write it: each class with its awkward variants, drawn anew from a seed.

A variant is a text in which ⟪ and ⟫ stand around what must be hidden.
"""

import random
import string
from collections.abc import Callable, Iterator
from datetime import date, timedelta

OPEN, CLOSE = "⟪⟫"
DIGITS = string.digits
FULL_WIDTH = {ord(c): ord(c) + 0xFEE0 for c in string.ascii_letters + DIGITS + "@.:=+-()"}


class Draw(random.Random):
    """Random customer data; every number is made up."""

    def digits(self, n: int) -> str:
        return "".join(self.choices(DIGITS, k=n))

    def word(self, n: int, signs: str = string.ascii_letters + DIGITS) -> str:
        return "".join(self.choices(signs, k=n))

    def mobile(self) -> str:
        start = "1" + self.choice("30 31 35 36 38 39 50 52 58 59 76 77 78 80 85 86 88 89 91 98 99".split())
        return start + self.choice("0123456789") + self.digits(6) + self.choice("123456789")

    def local(self, n: int = 8) -> str:
        return self.choice("2345678") + self.digits(n - 1)

    def born(self) -> date:
        return date(1950, 1, 1) + timedelta(self.randrange(20_000))

    def id_card(self) -> str:
        area = self.choice("110105 310104 440305 330106 510107 420111 320508 610113 230103 500112".split())
        body = area + self.born().strftime("%Y%m%d") + self.digits(3)
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]

    def old_id_card(self) -> str:
        return self.choice("110105 310104 440305 330106".split()) + self.born().strftime("%y%m%d") + self.digits(3)

    def bank_card(self) -> str:
        start, length = self.choice(
            (("6222", 19), ("6217", 19), ("6225", 16), ("6228", 19), ("4367", 16), ("5187", 16))
        )
        body = start + self.digits(length - len(start) - 1)
        total = sum(sum(divmod(int(d) * (2 - i % 2), 10)) for i, d in enumerate(reversed(body)))
        return body + str(-total % 10)

    def credit_code(self) -> str:
        signs = "0123456789ABCDEFGHJKLMNPQRTUWXY"
        body = "91" + self.choice(("110108", "440300", "310115")) + self.word(9, signs)
        return body + signs[-sum(signs.index(c) * 3**i for i, c in enumerate(body)) % 31]

    def password(self) -> str:
        word = self.choice("Admin Huawei Zabbix Server Welcome Qwer Oracle Kingdee Office Guest".split())
        return self.choice(
            (
                f"{word}@{self.digits(4)}",
                f"{word}{self.digits(3)}",
                f"{word.lower()}#{self.digits(2)}!",
                f"{word}_{self.digits(4)}$",
                self.word(6, string.ascii_lowercase) + self.digits(3),
                self.word(3, string.ascii_letters) + self.choice("!@#$%&") + self.digits(5),
            )
        )

    def name(self) -> str:
        given = "伟 芳 娜 敏 静 磊 洋 艳 勇 杰 娟 涛 明远 秀英 建国 子轩 雨桐 志强 晓东 丽华".split()
        return self.choice("王李张刘陈杨赵黄周吴徐孙朱马胡郭林何罗郑") + self.choice(given)

    def local_part(self) -> str:
        start = self.choice("zhang wang li.na chen_wei liu-yang zhou.jie it support01 hr sales".split())
        return start + self.choice(("", self.digits(2)))

    def domain(self) -> str:
        return self.choice(
            "corp.com huaxin-it.com.cn mail.dongfang.cn 163.com qq.com sina.com.cn yihe.net hkb.org".split()
        )


Variants = Callable[[Draw], Iterator[str]]


def each(listed: str) -> list[str]:
    """What stands between the bars of a text."""
    return listed.split("¦")


def marked(text: str) -> str:
    return f"{OPEN}{text}{CLOSE}"


def placed(draw: Draw, core: str) -> str:
    """A piece as it stands in a ticket, a table, a log."""
    before, after = draw.choice(
        (
            ("", ""),
            ("客户", ""),
            ("请联系", "，谢谢"),
            ("打印机卡纸，", "。"),
            ("| ", " | 已处理 |"),
            ("2026-03-02 10:11:12 INFO ", " ok"),
            ("<td>", "</td>"),
            ('{"v": "', '"}'),
            ("**", "**"),
            ("（", "）"),
            ("> ", "\n> 谢谢"),
            ("甲,", ",乙"),
            ("看下面\n", "\n谢谢"),
            ("麻烦尽快 ", " 急"),
        )
    )
    return before + core + after


def mobiles(draw: Draw) -> Iterator[str]:
    def cut(*sizes: int, gap: str = " ") -> str:
        number, pieces = draw.mobile(), []
        for size in sizes:
            pieces.append(number[:size])
            number = number[size:]
        return gap.join(pieces)

    for gap in each(" ¦-¦.¦·¦—¦–¦/¦_¦ - ¦  ¦\xa0¦\u3000¦‑¦－¦．"):
        yield placed(draw, marked(cut(3, 4, 4, gap=gap)))
    for sizes in ((3, 8), (3, 3, 5), (4, 3, 4), (4, 4, 3), (7, 4), (1,) * 11):
        yield placed(draw, "手机" + marked(cut(*sizes)))
        yield placed(draw, marked(cut(*sizes, gap="-")))
    for country in each("+86¦+86 ¦+86-¦0086¦0086 ¦0086-¦86-¦86 ¦(+86)¦(86)¦（+86）¦+86 (0)¦＋８６"):
        yield placed(draw, country + marked(draw.mobile()))
        yield placed(draw, country + marked(cut(3, 4, 4, gap="-")))
    for opened, closed in map(tuple, each("()¦（）¦[]¦【】¦<>¦《》¦「」¦{}")):
        yield placed(draw, f"王工{opened}{marked(draw.mobile())}{closed}")
    for before in each("tel¦Tel:¦TEL¦mobile¦M:¦T ¦phone¦Phone:¦电话¦手机号¦手机：¦call¦wang¦p¦cell:¦微信同号¦ID:¦账号"):
        yield placed(draw, before + marked(draw.mobile()))
    for after in each("wang¦转¦（张）¦手机¦@微信¦a¦电话¦/办公室¦、¦-张三¦_张三.jpg¦。¦.¦!¦;¦x¦#"):
        yield placed(draw, marked(draw.mobile()) + after)
    yield placed(draw, marked(draw.mobile()) + draw.choice("/、,;") + marked(draw.mobile()))
    yield placed(draw, marked(draw.mobile()) + " " + marked(draw.mobile()))
    yield placed(draw, "电话" + marked("(" + draw.mobile()[:3] + ")") + marked(draw.mobile()[3:]))
    yield placed(draw, marked(draw.mobile().translate(FULL_WIDTH)))
    yield placed(draw, "手机" + marked(draw.mobile().translate(dict(zip(map(ord, DIGITS), "⓪①②③④⑤⑥⑦⑧⑨", strict=True)))))
    yield placed(draw, marked(cut(3, 4, 4, gap="\u200b")))
    yield placed(draw, "0" + marked(draw.mobile()))
    yield placed(draw, "user_" + marked(draw.mobile()))
    yield placed(draw, "phone=" + marked(draw.mobile()) + "&code=1")
    yield placed(draw, f'"mobile":{marked(draw.mobile())},"x":1')


def landlines(draw: Draw) -> Iterator[str]:
    big = draw.choice(("010", "021", "020", "027", "028", "025"))
    small = draw.choice(("0571", "0755", "0512", "0532", "0591", "0731", "0371", "0431"))
    for area in (big, small):
        for gap in each("-¦ ¦¦—¦－¦/¦.¦ - ¦–"):
            yield placed(draw, "座机" + marked(area + gap + draw.local()))
            yield placed(draw, marked(area + gap + draw.local()))
        yield placed(draw, marked(f"({area}){draw.local()}"))
        yield placed(draw, marked(f"（{area}）{draw.local()}"))
        yield placed(draw, marked(f"({area}) {draw.local()[:4]} {draw.digits(4)}"))
        yield placed(draw, marked(f"{area}-{draw.local()[:4]}-{draw.digits(4)}"))
        yield placed(draw, marked(f"{area} {draw.local()[:4]} {draw.digits(4)}"))
        for country in each("+86-¦+86 ¦0086-¦86-¦+86 (0)¦(+86)"):
            yield placed(draw, marked(f"{country}{area[1:]}-{draw.local()}"))
        for extension in (
            "-8012",
            "转8012",
            " 转 801",
            "ext 802",
            " ext.803",
            "x804",
            "#805",
            "（分机806）",
            "分机807",
            ",809",
        ):
            yield placed(draw, marked(f"{area}-{draw.local()}{extension}"))
    yield placed(draw, marked(f"{small}-{draw.local(7)}"))
    yield placed(draw, marked(f"({small}){draw.local(7)}"))
    for label in each("电话：¦座机 ¦固话¦传真:¦Tel: ¦FAX ¦tel.¦电话（办公）：¦联系电话 ¦电话号码是¦总机："):
        yield placed(draw, label + marked(draw.local()))
        yield placed(draw, label + marked(draw.local()[:4] + "-" + draw.digits(4)))
    yield placed(draw, "电话：" + marked(draw.local()) + "、" + marked(draw.local()))
    yield placed(draw, marked(f"{big}-{draw.local()}/{draw.local()}"))


def hotlines(draw: Draw) -> Iterator[str]:
    for start in ("400", "800"):
        for gap in each("-¦ ¦¦.¦—"):
            a, b = draw.choice("1678") + draw.digits(2), draw.digits(3) + draw.choice("123456789")
            yield placed(draw, "热线" + marked(gap.join((start, a, b))))
            yield placed(draw, marked(gap.join((start, a, b))))
            yield placed(draw, marked(gap.join((start + a[0], a[1:] + b[:1], b[1:]))))
        yield placed(draw, marked(f"{start}-{draw.choice('678')}{draw.digits(5)}7"))
        yield placed(draw, marked(f"{start}-{draw.choice('678')}{draw.digits(2)}-{draw.digits(3)}7转2"))


def mails(draw: Draw) -> Iterator[str]:
    def both() -> tuple[str, str]:
        return draw.local_part(), draw.domain()

    for at in each(
        "@¦＠¦ @ ¦@ ¦ @¦(at)¦[at]¦ (at) ¦ [at] ¦{at}¦<at>¦（at）¦【at】¦(AT)¦[@]¦(@)¦（a）¦艾特¦%40¦&#64;¦(a)"
    ):
        local, domain = both()
        yield placed(draw, "邮箱" + marked(local + at + domain))
        yield placed(draw, marked(local + at + domain))
    for at, dot in (
        (" at ", " dot "),
        (" AT ", " DOT "),
        ("(at)", "(dot)"),
        ("[at]", "[dot]"),
        (" (at) ", " (dot) "),
        ("_at_", "_dot_"),
        ("@", "[.]"),
        ("@", "(dot)"),
        ("@", " dot "),
        ("艾特", "点"),
        ("@", "点"),
        ("@", "。"),
        ("＠", "．"),
        (" @ ", " . "),
        ("@", " . "),
        ("@", "(.)"),
        ("-at-", "-dot-"),
    ):
        local, domain = draw.local_part(), draw.choice(("corp.com", "huaxin.com.cn", "163.com", "yihe.net"))
        yield placed(draw, marked(local + at + domain.replace(".", dot)))
    for label in each("邮箱：¦mail: ¦E-mail ¦邮件地址 ¦Email:"):
        local, domain = both()
        yield placed(draw, label + marked(f"{local}#{domain}"))
        yield placed(draw, label + marked(f"{local} at {domain}"))
        yield placed(draw, label + marked(f"{local}@{domain}".translate(FULL_WIDTH)))
    for before, after in (
        ("<", ">"),
        ("mailto:", ""),
        ("给", "发了"),
        ('"', '"'),
        ("[", "]"),
        ("", "。"),
        ("", "，"),
        ("cc:", ";"),
        ("", "."),
    ):
        local, domain = both()
        yield before + marked(f"{local}@{domain}") + after
    yield marked("{}#{}".format(*both())) + "（#换成@）"
    yield "邮箱" + marked(f"{draw.local_part()}@{draw.domain().upper()}")
    yield "邮箱" + marked("张三@公司.com")
    yield marked(draw.mobile() + "@139.com")


def id_cards(draw: Draw) -> Iterator[str]:
    def cut(*sizes: int, gap: str) -> str:
        number, pieces = draw.id_card(), []
        for size in sizes:
            pieces.append(number[:size])
            number = number[size:]
        return gap.join(pieces)

    for _ in range(6):
        yield placed(draw, marked(draw.id_card()))
        yield placed(draw, marked(draw.id_card().lower()))
    for gap in each(" ¦-¦.¦—¦\xa0"):
        yield placed(draw, marked(cut(6, 8, 4, gap=gap)))
        yield placed(draw, marked(cut(4, 4, 4, 4, 2, gap=gap)))
        yield placed(draw, marked(cut(6, 4, 4, 4, gap=gap)))
    for label in each("身份证¦身份证号：¦证件号码 ¦ID card: ¦身份证号码是¦IDcard=¦id_number:¦居民身份证("):
        yield placed(draw, label + marked(draw.id_card()))
        yield placed(draw, label + marked(draw.old_id_card()))
    yield placed(draw, marked(draw.old_id_card()))
    yield placed(draw, marked(draw.old_id_card()) + "（老身份证）")
    yield placed(draw, marked(draw.id_card().translate(FULL_WIDTH)))
    yield placed(draw, "张伟" + marked(draw.id_card()) + "男")
    yield placed(draw, "zhangwei" + marked(draw.id_card()))
    yield "订单号 1，身份证 " + marked(draw.id_card()) + "，电话略"
    number = draw.id_card()
    yield "身份证" + marked(number[:17] + str((int(number[16]) + 1) % 10))


def bank_cards(draw: Draw) -> Iterator[str]:
    def cut(gap: str) -> str:
        number = draw.bank_card()
        return gap.join(number[i : i + 4] for i in range(0, len(number), 4))

    for gap in each("¦ ¦-¦—¦\xa0"):
        for label in each("¦卡号¦银行卡：¦工行卡 ¦bank card: ¦信用卡号是¦账号：¦card no. "):
            yield placed(draw, label + marked(cut(gap)))
    yield placed(draw, "开户行账号：" + marked("1" + draw.digits(18)))
    yield placed(draw, "对公账号 " + marked("1" + draw.digits(19)))
    yield placed(draw, "银行账号 " + marked("3100" + draw.digits(12)))
    yield placed(draw, marked(cut("").translate(FULL_WIDTH)))
    yield placed(draw, "打到" + marked(cut("")) + "这张卡")


def passwords(draw: Draw) -> Iterator[str]:
    p = draw.password
    for name in each(
        "密码¦密碼¦口令¦登录密码¦管理员密码¦wifi密码¦初始密码¦密 码¦password¦Password¦PASSWORD¦passwd¦pwd¦PWD"
    ):
        yield f"{name}：{marked(p())}"
        yield f"{name}: {marked(p())}，请重置"
        yield f"{name}={marked(p())}"
        yield f"{name} {marked(p())}"
        yield f"{name}:\n{marked(p())}\n谢谢"
        yield f"{name}\n{marked(p())}"
        yield f"{name}（{marked(p())}）"
        yield f"{name} [{marked(p())}]"
        yield f'{name}："{marked(p())}"'
        yield f"{name}：“{marked(p())}”"
        yield f"| {name} | {marked(p())} |"
    for name in ("密码", "密碼", "口令"):
        for joint in each("是¦为¦就是¦改成¦改为¦重置为¦¦是：¦已改为¦设为¦还是¦都是¦改成了"):
            yield f"{name}{joint}{marked(p())}，还是登不上"
        for opened, closed in map(tuple, each("【】¦「」¦《》¦()¦“”¦‘’¦''¦\"\"¦``")):
            yield f"{name}{opened}{marked(p())}{closed}"
            yield f"{name}：{opened}{marked(p())}{closed}。"
        yield f"{name}{marked(draw.digits(6))}"
        yield f"{name} {marked(draw.digits(8))}"
    for phrase in each(
        "password is¦Password is:¦the password was¦pwd is¦reset the password to¦"
        "password has been changed to¦my passcode is¦pass:¦pw:¦pw "
    ):
        yield f"{phrase} {marked(p())} please check"
    for text in each("Password123¦password1¦Passw0rd¦P@ssword1¦Admin123¦123456¦88888888¦abc123¦qwer1234"):
        yield f"密码：{marked(text)}"
        yield f"password={marked(text)}"
        yield f"账号 admin 密码 {marked(text)}"
    for text in (
        "curl -u admin:{} http://10.1.1.1/api",
        "curl --user admin:{} https://nas.corp.cn",
        "wget --http-user=a --http-password={} http://h/x",
        "net user zhangsan {} /add",
        "net user administrator {}",
        "net use \\\\srv\\share {} /user:corp\\li",
        "net use Z: \\\\10.1.1.2\\d /user:li {}",
        "requirepass {}",
        "masterauth {}",
        "redis-cli -h 10.1.1.3 -a {} info",
        "snmp-server community {} RO",
        "snmp-agent community read cipher {}",
        "snmpwalk -v2c -c {} 10.1.1.4 sysDescr",
        "snmpget -v 2c -c {} 10.1.1.4 1.3.6.1",
        "rocommunity {} 10.0.0.0/8",
        "community: {}",
        "团体名：{}",
        "community string is {}",
        "mysql -uroot -p{} erp",
        "mysqldump -h db -u root -p'{}' erp > a.sql",
        "sshpass -p {} ssh root@10.1.1.5",
        "sshpass -p'{}' scp a b",
        "PGPASSWORD={} psql -h db",
        "export MYSQL_PWD={}",
        "sqlplus scott/{}@orcl",
        "sqlplus -s system/{} as sysdba",
        "jdbc:oracle:thin:scott/{}@//db:1521/orcl",
        "sqlcmd -S db -U sa -P {}",
        "ipmitool -I lanplus -H 10.1.1.6 -U ADMIN -P {} power status",
        "ldapsearch -x -D cn=admin -w {} -b dc=corp",
        "echo {} | passwd --stdin root",
        "echo 'root:{}' | chpasswd",
        "enable secret {}",
        "enable password 0 {}",
        "username admin privilege 15 secret 0 {}",
        "local-user admin password irreversible-cipher {}",
        "set authentication password simple {}",
        "tacacs-server key {}",
        "radius-server shared-key cipher {}",
        "crypto isakmp key {} address 0.0.0.0",
        "ip ospf authentication-key {}",
        "ALTER USER erp IDENTIFIED BY {};",
        "ALTER USER erp WITH PASSWORD '{}';",
        "SET PASSWORD FOR 'a'@'%' = PASSWORD('{}');",
        "账号密码：admin/{}",
        "用户名密码 admin {}",
        "账号/密码：root / {}",
        "账密 admin {}",
        "用户名：admin，密码：{}",
        "user: admin pass: {}",
        "user=root password={} host=db",
        "root/{} 登录不上",
        "login: root password: {}",
        '<add key="Password" value="{}"/>',
        '<property name="password" value="{}"/>',
        "<password>{}</password>",
        "<td>密码</td><td>{}</td>",
        '"password": "{}",',
        "'passwd' => '{}',",
        'setPassword("{}")',
        'password("{}")',
        "spring.datasource.password={}",
        "  password: {}\n  port: 3306",
        "zip -P {} a.zip b",
        "cmdkey /add:srv /user:li /pass:{}",
        "xfreerdp /u:li /p:{} /v:srv",
        "keytool -list -storepass {}",
        "wpa_passphrase={}",
        "验证码：{}",
        "PIN码：{}",
        "conn scott/{}@orcl",
        "密码由 Old#111 改为 {}",
        "密码从“Old#111”更新为：{}",
        "提取码 {}",
        "密钥：{}",
        "**密码**：{}",
        "- 密码：`{}`",
        "密码 - {}",
        "密码→{}",
        "密码:　{}",
        "密码\t{}",
        "密码 = '{}'",
    ):
        yield text.format(marked(p()))


def connections(draw: Draw) -> Iterator[str]:
    for text in each(
        "mysql://root:{}@10.1.1.1:3306/erp¦postgresql://app:{}@db.corp.cn/app?sslmode=require¦"
        "redis://:{}@cache:6379/0¦mongodb://u:{}@h1:27017,h2:27017/db¦amqp://guest:{}@mq:5672/¦"
        "ftp://up:{}@10.1.1.2/pub¦https://svc:{}@git.corp.cn/a.git¦"
        "Server=db1;User Id=sa;Password={};Database=erp¦Data Source=db;Uid=sa;Pwd={};¦"
        "server=db;user=root;password='{}';port=3306¦"
        "Driver={{SQL Server}};Server=db;UID=sa;PWD={}¦"
        "jdbc:mysql://db:3306/erp?user=root&password={}&useSSL=false¦"
        "jdbc:sqlserver://db;user=sa;password={};¦host=db user=app password={} dbname=app¦"
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey={}==;EndpointSuffix=core¦"
        "smb://li:{}@srv/share¦rtsp://admin:{}@10.1.1.9:554/Streaming¦"
        "ldap://cn=admin:{}@ldap.corp.cn"
    ):
        yield text.format(marked(draw.password().replace("#", "$")))
        yield "连不上：" + text.format(marked(draw.word(12) + "7")) + " 报错"
    yield f"mysql://root:{marked('P@ss' + draw.digits(3))}@10.1.1.1/erp"


def tokens(draw: Draw) -> Iterator[str]:
    w = draw.word
    made: tuple[Callable[[], str], ...] = (
        lambda: "kb_" + w(43),
        lambda: "glpat-" + w(20),
        lambda: "github_pat_" + w(22) + "_" + w(59),
        lambda: "ghp_" + w(36),
        lambda: "gho_" + w(36),
        lambda: f"xoxb-{draw.digits(12)}-{draw.digits(12)}-{w(24)}",
        lambda: f"xoxp-{draw.digits(11)}-{w(24)}",
        lambda: "sk-" + w(48),
        lambda: "sk-proj-" + w(40),
        lambda: "LTAI" + w(20),
        lambda: "AKID" + w(32),
        lambda: "AKIA" + w(16, string.ascii_uppercase + DIGITS),
        lambda: "ASIA" + w(16, string.ascii_uppercase + DIGITS),
        lambda: "AIza" + w(35),
        lambda: "npm_" + w(36),
        lambda: "hf_" + w(34),
        lambda: f"eyJ{w(20)}.eyJ{w(40)}.{w(43)}",
    )
    for make in made:
        yield placed(draw, marked(make()))
        yield f"token: {marked(make())}"
        yield f"用这个 {marked(make())}，别外传"
        yield f'export X="{marked(make())}"'
    for text in each(
        "Authorization: Bearer {}¦authorization: bearer {}¦Authorization: Basic {}¦"
        '-H "Authorization: Bearer {}"¦"Authorization": "Basic {}"¦Authorization: {}¦'
        "Proxy-Authorization: Basic {}¦Cookie: JSESSIONID={}¦Cookie: sid={}; theme=dark¦"
        "Set-Cookie: session={}; Path=/; HttpOnly¦JSESSIONID={}¦X-API-Key: {}¦X-Auth-Token: {}¦"
        "access_token={}&x=1¦refresh_token: {}¦api_key={}¦apikey: {}¦app_secret={}¦AppSecret：{}¦"
        "corpsecret={}¦SecretKey: {}¦secret_access_key = {}¦"
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={}¦"
        "https://oapi.dingtalk.com/robot/send?access_token={}¦"
        "https://hooks.slack.com/services/{}¦https://a.blob.core.windows.net/b?sv=2024&sig={}%3D"
    ):
        yield text.format(marked(w(32)))
    for kind in each("RSA ¦¦EC ¦OPENSSH ¦ENCRYPTED ¦DSA "):
        lines = "\n".join(w(64, string.ascii_letters + DIGITS + "+/") for _ in range(4))
        yield f"-----BEGIN {kind}PRIVATE KEY-----\n{marked(lines)}\n-----END {kind}PRIVATE KEY-----"
        yield f"私钥如下\n-----BEGIN {kind}PRIVATE KEY-----\n{marked(lines)}"
        quoted = "\n".join("> " + line for line in lines.split("\n"))
        yield f"> -----BEGIN {kind}PRIVATE KEY-----\n{marked(quoted)}\n> -----END {kind}PRIVATE KEY-----"
        flat = lines.replace("\n", "\\n")
        yield f'"key": "-----BEGIN {kind}PRIVATE KEY-----\\n{marked(flat)}\\n-----END {kind}PRIVATE KEY-----"'


def accounts(draw: Draw) -> Iterator[str]:
    def wechat() -> str:
        return draw.choice("zhang wx_li hello-wang tom".split()) + draw.choice("_-")[:1] + draw.digits(4)

    for label in each("微信¦微信号¦微信：¦微信号：¦微信 ¦微信号 ¦WeChat: ¦wechat:¦wx:¦vx：¦VX ¦加微信¦微信ID:¦V信："):
        yield placed(draw, label + marked(wechat()))
        yield placed(draw, label + marked(str(draw.randrange(10**7, 10**10))))
    yield placed(draw, "微信：" + marked("zhangsan"))
    yield placed(draw, "微信（" + marked(wechat()) + "）")
    yield placed(draw, marked("wxid_" + draw.word(14, string.ascii_lowercase + DIGITS)))
    for label in ("QQ", "QQ：", "QQ号", "qq:", "QQ ", "QQ号码：", "扣扣", "企鹅号 ", "Q Q："[:0] + "QQ = "):
        yield placed(draw, label + marked(str(draw.randrange(10**5, 10**10))))


def documents(draw: Draw) -> Iterator[str]:
    for label in each("护照¦护照号：¦护照号码 ¦Passport: ¦passport no. ¦护照（"):
        yield placed(draw, label + marked(draw.choice(("E", "G", "EA", "P", "D")) + draw.digits(8)))
    for label in each("税号¦税号：¦纳税人识别号：¦统一社会信用代码 ¦信用代码：¦Tax ID: "):
        yield placed(draw, label + marked(draw.credit_code()))
        yield placed(draw, label + marked(draw.digits(15)))
    for _ in range(4):
        yield placed(draw, marked(draw.credit_code()))


def plates(draw: Draw) -> Iterator[str]:
    for label in each("车牌¦车牌号：¦车牌号码 ¦¦车号¦车牌是¦我的车"):
        for gap in each("¦·¦ ¦-¦."):
            tail = draw.word(1, "ABCDEFGHJK") + draw.digits(4)
            yield placed(draw, label + marked(draw.choice("京沪粤苏浙川鄂鲁") + draw.choice("ABCDE") + gap + tail))
        yield placed(draw, label + marked(draw.choice("京沪粤苏浙") + draw.choice("ABC") + "D" + draw.digits(5)))
    yield placed(draw, "车牌" + marked("粤b" + draw.digits(5)))


def names(draw: Draw) -> Iterator[str]:
    for title in "经理 主任 老师 先生 女士 工 总 院长 科长 师傅 工程师 主管 总监 医生".split():
        yield placed(draw, "联系" + marked(draw.name()[0]) + title)
        yield f"{marked(draw.name()[0])}{title}您好，打印机卡纸"
        yield f"请找{marked(draw.name()[0])}{title}。"
    for title in "经理 主任 老师 先生 女士 院长 工程师".split():
        yield placed(draw, marked(draw.name()) + title)
        yield f"客户{marked(draw.name())}{title}来电"
    for label in each(
        "联系人：¦联系人:¦联系人 ¦姓名：¦姓 名：¦收件人：¦报修人：¦申请人：¦"
        "负责人：¦客户姓名：¦经办人 ¦用户姓名：¦使用人：¦联系人="
    ):
        yield f"{label}{marked(draw.name())}，电话略"
        yield f"{label}{marked(draw.name())}\n"
        yield f"| {label.strip('：:= ')} | {marked(draw.name())} |"
    yield f"联系人{marked(draw.name())}，明天在"
    yield f"我叫{marked(draw.name())}，在三楼"
    yield f"联系人：{marked('欧阳' + draw.name()[1])}。"
    yield f"{marked('欧阳')}老师说不行"
    yield f"Mr. {marked('Zhang')} called"
    yield f"Contact: {marked('Li Wei')}"
    yield f"From: {marked(draw.name())} <a@corp.com>"
    yield f"@{marked(draw.name())} 请处理"
    yield f"用户{marked(draw.name())}反馈卡纸"
    yield f"经办：{marked(draw.name())}"
    yield f"发件人：{marked(draw.name())} <b@corp.com>"


def addresses(draw: Draw) -> Iterator[str]:
    places = (
        "北京市海淀区中关村大街{n}号院{m}号楼{n}01室",
        "上海市浦东新区张江路{n}号",
        "广东省深圳市南山区科技园南路{n}号{m}栋",
        "杭州市西湖区文三路{n}号 {m}楼",
        "江苏省苏州市工业园区星湖街{n}号A{m}",
        "成都市高新区天府大道北段{n}号",
        "武汉市洪山区珞喻路{n}号（{m}单元）",
        "阳光花园小区{m}栋{n}室",
    )
    for label in each(
        "地址：¦地址 ¦住址：¦收货地址：¦家庭住址：¦联系地址:¦现场地址：¦安装地址：¦公司地址：¦地址是¦寄到"
    ):
        for _ in range(2):
            place = draw.choice(places).format(n=draw.randrange(10, 99), m=draw.randrange(1, 9))
            yield f"{label}{marked(place)}，{draw.choice(('电话略', '请上门', '谢谢'))}"
    yield "Address: " + marked(f"{draw.randrange(10, 99)} Nanjing Road, Shanghai")


CLASSES: dict[str, Variants] = {
    f.__name__: f
    for f in (
        *(mobiles, landlines, hotlines, mails, id_cards, bank_cards, passwords, connections, tokens),
        *(accounts, documents, plates, names, addresses),
    )
}


def variants(name: str, seed: int) -> list[str]:
    """Every variant of a class, drawn anew by the seed."""
    return list(CLASSES[name](Draw(f"{name} {seed}")))


def unmarked(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without its marks, and where the marked parts stand in it."""
    parts: list[tuple[int, int]] = []
    pieces: list[str] = []
    length = 0
    for piece in text.split(OPEN):
        inside, closed, behind = piece.partition(CLOSE)
        if closed:
            parts.append((length, length + len(inside)))
        else:
            behind, inside = inside, ""
        pieces += [inside, behind]
        length += len(inside) + len(behind)
    return "".join(pieces), parts
