"""Drives pan-os-python: firewalls and Panoramas under names, and what the tests do with them."""

from driver import serve
from panos.firewall import Firewall
from panos.panorama import DeviceGroup, Panorama, PanoramaDeviceGroupHierarchy

devices = {}


def connect(name, kind, **options):
    devices[name] = (Panorama if kind == "panorama" else Firewall)(**options)


def behind(name, panorama, serial, vsys=None):
    """A firewall that is reached through a Panorama."""
    devices[name] = Firewall(serial=serial, vsys=vsys)
    devices[panorama].add(devices[name])


def info(name):
    version, platform, serial = devices[name].refresh_system_info()
    return {"version": version, "platform": platform, "serial": serial}


def register(name, ip, tags, timeout=None):
    devices[name].userid.register(ip, tags, timeout)


def unregister(name, ip, tags):
    devices[name].userid.unregister(ip, tags)


def registered(name, ip=None, tags=None):
    return devices[name].userid.get_registered_ip(ip, tags)


def audit(name, pairs):
    devices[name].userid.audit_registered_ip(pairs)


def audit_tag(name, tag, ips):
    devices[name].userid.audit_registered_ip_for_tag(tag, ips)


def clear(name):
    devices[name].userid.clear_registered_ip()


def batch(name, logins, tags):
    """Logins and tags of users in one message."""
    userid = devices[name].userid
    userid.batch_start()
    userid.logins(logins)
    for user, names in tags.items():
        userid.tag_user(user, names)
    userid.batch_end()


def logout(name, user, ip):
    devices[name].userid.logout(user, ip)


def untag_user(name, user, tags=None):
    devices[name].userid.untag_user(user, tags)


def user_tags(name, user=None):
    return devices[name].userid.get_user_tags(user)


def set_group(name, group, users):
    devices[name].userid.set_group(group, users)


def groups(name):
    return devices[name].userid.get_groups()


def members(name, group):
    return devices[name].userid.get_group_members(group)


def ha_state(name):
    return devices[name].show_highavailability_state()[0]


def ha_active(name, peer):
    """Which of the two is written to, after asking both."""
    devices[name].set_ha_peers(devices[peer])
    state = devices[name].refresh_ha_active()
    return {"state": state, "active": devices[name].active() is devices[name]}


def refresh_devices(name, only_connected=False):
    def firewall(one):
        return {"serial": one.serial, "vsys": one.vsys, "connected": one.state.connected}

    found = devices[name].refresh_devices(only_connected=only_connected, add=False)
    groups = [one for one in found if isinstance(one, DeviceGroup)]
    return {
        "groups": {group.name: [firewall(one) for one in group.children] for group in groups},
        "alone": [firewall(one) for one in found if isinstance(one, Firewall)],
    }


def hierarchy(name):
    return PanoramaDeviceGroupHierarchy(devices[name]).fetch()


calls = [
    connect,
    behind,
    info,
    register,
    unregister,
    registered,
    audit,
    audit_tag,
    clear,
    batch,
    logout,
    untag_user,
    user_tags,
    set_group,
    groups,
    members,
    ha_state,
    ha_active,
    refresh_devices,
    hierarchy,
]
serve({call.__name__: call for call in calls})
