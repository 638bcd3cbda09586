"""Customers, devices and parts, for staff: who they serve, what stands there, which part lies where.

- /customers, /customers/ID, /devices, /devices/ID: lists and cards; a label with a QR code: pages.py
- /parts: what lies where; parts held for a case: parts.py
- /assets/KIND/edit/ID: the one form by which any of them is added or changed: editing.py
- /assets/KIND: tables read in, seen before they are written, taken back as a whole: importing.py
- What stands beside a case: beside.py. The same for programs: api.py
"""

from flask import Flask

from kb.web.assets import api, beside, editing, importing, pages, parts


def init_app(app: Flask) -> None:
    for module in (pages, parts, editing, importing, beside):
        module.init_app(app)
    app.register_blueprint(api.blueprint)
