"""Tests of kb.text.taiwan: queries of Taiwan read as the mainland would have put them."""

import pytest
from conftest import ARTICLES
from hypothesis import given
from hypothesis import strategies as st

from kb.articles.files import find
from kb.text.synonyms import parse, shipped_text
from kb.text.taiwan import MAX_TEXT, taiwan_readings
from kb.text.tokens import Tokenizer, fold

TOKENIZER = Tokenizer()

SENTENCES = """
程式當掉了，要重新開機才會好 | 程序 死机 重启
應用程式沒有回應 | 程序 无响应
檔案總管一直當掉 | 文件资源管理器 死机
筆電出現藍畫面 | 笔记本电脑 蓝屏
外接螢幕的解析度跑掉了 | 分辨率
滑鼠遊標不見了 | 鼠标指针
觸控螢幕沒反應 | 触摸屏
投影機沒有訊號 | 投影仪
驅動程式要重新安裝 | 程序
工作列的圖示全部不見 | 任务栏
控制台打不開 | 控制面板
群組原則沒有套用 | 组策略
請從裝置管理員移除再裝 | 设备管理器
資源回收筒清空了，檔案能救回來嗎 | 回收站
記憶體不足，工作管理員裡那個處理程序佔了八成 | 进程
連接埠被防火牆擋住 | 端口
預設閘道 ping 不通 | 默认网关
無線基地台一直掉線 | 无线ap 基站
連線逾時 | 连接超时
網路磁碟機連不上 | 网络驱动器
區域網路正常，就是上不了外網 | 局域网
子網路遮罩設錯了 | 子网掩码
交換器的燈號不亮 | 交换机
線路一直掉封包 | 丢包
IP位址衝突 | 地址冲突
MAC位址怎麼查 | 地址
這台的負載平衡設定有問題 | 负载均衡
碳粉匣要換了 | 硒鼓
多功能事務機掃描失敗 | 一体机
點陣印表機列印偏移 | 针式打印机
影印機卡紙 | 复印机
進紙匣拉不出來 | 纸盒
使用者帳戶被鎖定 | 用户 账号锁定
網域控制站登入失敗 | 域控制器
憑證過期，網頁打不開 | 证书过期
存取被拒，沒有權限 | 拒绝访问
共用資料夾看不到檔案 | 共享文件夹
信寄不出去，收件匣也滿了 | 发不出邮件 收件箱
磁碟陣列掉了一顆硬碟 | 磁盘阵列
陣列卡電池壞了 | 阵列卡
不斷電系統一直叫 | 不间断电源
磁碟有壞軌 | 坏道
檔案系統變成唯讀 | 只读
異地備援沒有同步 | 异地容灾
災難復原演練失敗 | 灾难恢复
容錯移轉之後服務起不來 | 故障转移
監視器晚上沒有畫面 | 摄像头
記錄檔塞滿硬碟 | 日志
資料庫的預存程序跑很慢 | 存储过程
查詢很慢，後來發現是死結 | 查询 死锁
病毒碼沒有更新，懷疑中了木馬程式 | 病毒库 木马
弱點掃描報告要我們修補 | 漏洞扫描
這台保固過了，料件要自己買 | 保修 备件
"""
"""Sentence | what the mainland says, in the order of the sentence or not."""


def readings(text: str) -> list[tuple[int, int, str]]:
    return taiwan_readings(text, TOKENIZER)


@pytest.mark.parametrize("line", SENTENCES.strip().split("\n"))
def test_what_the_mainland_says(line: str) -> None:
    """Each word is among the readings."""
    text, _, words = line.partition(" | ")
    found = [word for _, _, word in readings(text)]
    assert set(words.split()) <= set(found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("螢幕突然變黑", "屏幕"),
        ("印表機卡紙", "打印机"),
        ("韌體更新失敗", "固件"),
        ("資料夾打不開", "文件夹"),
        ("光碟機讀不到", "光驱"),
        ("視訊會議沒有聲音", "视频会议"),
        ("列印佇列卡住", "打印队列"),
        ("伺服器當機", "服务器 死机"),
        ("備份還原", "备份 还原"),
        ("記憶體不足", "内存"),
        ("頻寬不夠", "带宽"),
        ("行動電話收不到信", "移动电话 手机"),
    ],
)
def test_what_folding_has_and_what_is_read_make_one_query(text: str, words: str) -> None:
    """Words that can be nothing else are folded, and need no reading; together all are there."""
    found = [word for _, _, word in readings(text)]
    assert not [word for word in words.split() if word not in found and word not in fold(text).text]


def test_places_are_those_of_the_text_as_typed() -> None:
    """A reading says which characters it stands for; several words of one place come in the order of the file."""
    text = "請問：ＶＰＮ的預設閘道？程式當掉"
    found = readings(text)
    assert [(text[a:b], word) for a, b, word in found] == [
        ("預設閘道", "默认网关"),
        ("程式", "程序"),
        ("當掉", "死机"),
        ("當掉", "卡死"),
    ]


def test_whole_words_are_read() -> None:
    """影印 and 機 are converted apart, and 复印机 is one word of the mainland."""
    text = "影印機的使用者介面"
    found = {text[a:b]: word for a, b, word in readings(text)}
    assert found["影印機"] == "复印机"
    assert found["使用者"] == "用户"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "VPN connection timed out",
        "程序死机，打印机脱机",
        "程式 解析度",
        "支援台湾同事的程式，问题出在使用者介面",
        "乾隆年间的瞭望塔，徵求意见",
        "臺北那边的服务器，程式连不上数据库",
    ],
)
def test_what_is_not_evidently_traditional_is_left_alone(text: str) -> None:
    """Simplified Chinese has no readings, though it holds a traditional character or a word that Taiwan uses."""
    assert readings(text) == []


def test_which_articles_are_in_traditional_characters() -> None:
    """Of the sample base the four that were written so, and no other."""
    found = {path.stem for path in find(ARTICLES) if readings(path.read_text("utf8"))}
    assert found == {"KB-000017", "KB-000040", "KB-000084", "KB-000089"}


@given(st.text(st.sampled_from("程式當掉檔案總管資料庫使用者介面預設閘道無線基地台的，a Ｂ1\n"), max_size=80))
def test_any_text_is_read(text: str) -> None:
    """Places are inside the text and in order, words are folded and say something else than folding does."""
    found = readings(text)
    assert [place[:2] for place in found] == sorted(place[:2] for place in found)
    for start, end, word in found:
        assert 0 <= start < end <= len(text)
        assert word == fold(word).text != fold(text[start:end]).text
        assert len(word) > 1


def test_a_long_text_is_read_from_its_start() -> None:
    """What follows is a log: it takes no time, however long and without a sign between."""
    text = "使用者帳戶被鎖定" * 20_000
    found = readings(text)
    assert found
    assert max(end for _, end, _ in found) <= MAX_TEXT


def test_every_shipped_word_says_something() -> None:
    """Each line of the file parses one way, and each word of its left is read otherwise than it is folded."""
    for line in shipped_text("taiwan_words.txt").split("\n"):
        if not line.strip() or line.startswith("#"):
            continue
        found = parse(line)
        words = [w.strip() for w in line.split("=>")[0].split(",")]
        assert found.problems == []
        assert "=>" in line
        assert found.table.keys() == {fold(w).text for w in words}, line
