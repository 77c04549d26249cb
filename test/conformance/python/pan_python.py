"""Drives pan-python's own XML API client."""

import pan.xapi
from driver import serve

devices = {}


def connect(name, **options):
    devices[name] = pan.xapi.PanXapi(**options)


def keygen(name):
    devices[name].keygen()
    return devices[name].api_key


def user_id(name, cmd, vsys=None):
    devices[name].user_id(cmd, vsys)
    return devices[name].status


def op(name, cmd, vsys=None):
    devices[name].op(cmd, vsys=vsys)
    return devices[name].xml_root()


def ad_hoc(name, query):
    devices[name].ad_hoc(query, modify_qs=True)
    return devices[name].xml_root()




calls = [connect, keygen, user_id, op, ad_hoc]
serve({call.__name__: call for call in calls})
