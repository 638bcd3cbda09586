"""Tables of customers, devices and parts that several tests import."""

from kb.database.connection import Store
from kb.service.assets.importing import Imports, Seen
from kb.service.policy import read, shipped

CUSTOMERS = """客户,简称,服务承诺,服务时间,地点,城市,地址,联系人,电话,邮箱,合同号,合同类型,合同开始,合同结束
山东省厅,省厅,telecom,,机房,济南,经十路1号,王工,138 0013 8000,wang@example.com,HT-1,维保,2020-01-01,2099-12-31
山东省厅,,,,分中心,德州,,李工,0534-5550100,,,,,
农商行,,,always,营业部,济宁,,赵工,13900139000,,,,,
"""
DEVICES = """产品,序列号,设备名称,客户,地点,合同号,终验日期,质保到期,维保到期,版本
S5130-28S,210235A1QDH18C000123,核心交换机,省厅,机房,HT-1,2024-03-01,2099-03-01,2026-12-20,软件=7.1.070
S5130-28S,210235A1QDH18C000124,备用交换机,省厅,分中心,,2024-03-01,2026-12-10,,
ME4024,ME4SN0001,存储,农商行,营业部,,2020-01-01,2021-01-01,,
"""
PARTS = """备件号,备件名称,等效备件,存储介质,最低库存,库房,城市,数量
0231A0QN,交换机电源,0231A0QP,否,4,济南库,济南,3
0231A0QP,交换机电源（改）,,否,0,济宁库,济宁,2
0231A0QN,,,,,德州库,德州,1
ME4-DISK-4T,4T 硬盘,,是,0,济南库,济南,5
"""
POLICY = read(shipped().text.replace("# near:", "near:"))
"""The shipped one, with stores in an order."""


def imports(store: Store) -> Imports:
    return Imports(store, POLICY)


def write(store: Store, kind: str, text: str, name: str = "表.csv") -> Seen:
    return imports(store).write(kind, text.encode(), name, "李四")


def everything(store: Store) -> None:
    for kind, text in (("customers", CUSTOMERS), ("devices", DEVICES), ("parts", PARTS)):
        write(store, kind, text)
