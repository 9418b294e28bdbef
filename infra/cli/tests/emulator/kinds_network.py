"""Types of the network and of the edge."""

from typing import Any

from infra.cli.tests.emulator.kinds import Made, Place, Properties, call, kind, noted, simple


def ec2(type_: str, create: str, id_: str, tags: str | None = None, **more: Any) -> None:
    simple(f"AWS::EC2::{type_}", "ec2", create, id_, tags=tags, **more)


ec2("InternetGateway", "create_internet_gateway", "InternetGateway.InternetGatewayId", "internet-gateway",
    delete="delete_internet_gateway", key="InternetGatewayId",
    attributes={"InternetGatewayId": "InternetGateway.InternetGatewayId"})  # fmt: skip
ec2("Subnet", "create_subnet", "Subnet.SubnetId", "subnet", delete="delete_subnet", key="SubnetId",
    attributes={"SubnetId": "Subnet.SubnetId", "AvailabilityZone": "Subnet.AvailabilityZone"},
    replaces="CidrBlock AvailabilityZone VpcId")  # fmt: skip
ec2("RouteTable", "create_route_table", "RouteTable.RouteTableId", "route-table",
    delete="delete_route_table", key="RouteTableId",
    attributes={"RouteTableId": "RouteTable.RouteTableId"})  # fmt: skip
ec2("SubnetRouteTableAssociation", "associate_route_table", "AssociationId",
    delete="disassociate_route_table", key="AssociationId", replaces="SubnetId")  # fmt: skip
ec2("EIP", "allocate_address", "PublicIp", "elastic-ip",
    attributes={"AllocationId": "AllocationId", "PublicIp": "PublicIp"})  # fmt: skip
ec2("NatGateway", "create_nat_gateway", "NatGateway.NatGatewayId", "natgateway",
    delete="delete_nat_gateway", key="NatGatewayId",
    attributes={"NatGatewayId": "NatGateway.NatGatewayId"})  # fmt: skip
ec2("NetworkInterface", "create_network_interface", "NetworkInterface.NetworkInterfaceId", "network-interface",
    delete="delete_network_interface", key="NetworkInterfaceId", rename={"GroupSet": "Groups"},
    attributes={"Id": "NetworkInterface.NetworkInterfaceId",
                "PrimaryPrivateIpAddress": "NetworkInterface.PrivateIpAddress"})  # fmt: skip
noted("AWS::EC2::FlowLog", "ec2:vpc-flow-log/NAME")
noted("AWS::EC2::EIPAssociation", "ec2:eip-association/NAME")


@kind("AWS::EC2::VPC", replaces="CidrBlock")
class Vpc:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        tags = [{"ResourceType": "vpc", "Tags": properties.get("Tags", [])}]
        client = place.client("ec2")
        made = client.create_vpc(CidrBlock=properties["CidrBlock"], TagSpecifications=tags)["Vpc"]
        for flag in ("EnableDnsSupport", "EnableDnsHostnames"):
            if flag in properties:
                client.modify_vpc_attribute(
                    VpcId=made["VpcId"], **{flag: {"Value": properties[flag] in (True, "true")}}
                )
        group = client.describe_security_groups(
            Filters=[{"Name": "vpc-id", "Values": [made["VpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
        )["SecurityGroups"][0]["GroupId"]
        attributes = {"VpcId": made["VpcId"], "CidrBlock": made["CidrBlock"], "DefaultSecurityGroup": group}
        return Made(made["VpcId"], attributes, properties)

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("ec2").delete_vpc(VpcId=made.id)


@kind("AWS::EC2::VPCGatewayAttachment")
class Attachment:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        call(place, "ec2", "attach_internet_gateway", properties)
        return Made(f"{properties['InternetGatewayId']}|{properties['VpcId']}", {}, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        call(place, "ec2", "detach_internet_gateway", made.properties)


@kind("AWS::EC2::Route", replaces="*")
class Route:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        call(place, "ec2", "create_route", properties)
        return Made(f"{properties['RouteTableId']}|{properties.get('DestinationCidrBlock', '::/0')}", {}, properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        call(place, "ec2", "delete_route", made.properties)


@kind("AWS::EC2::VPCEndpoint", replaces="ServiceName VpcId")
class Endpoint:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        made = call(place, "ec2", "create_vpc_endpoint", properties)["VpcEndpoint"]
        return Made(made["VpcEndpointId"], {"Id": made["VpcEndpointId"]}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        return None

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[made.id])


@kind("AWS::EC2::SecurityGroup", replaces="GroupName VpcId GroupDescription")
class SecurityGroup:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        client = place.client("ec2")
        made = client.create_security_group(
            GroupName=properties.get("GroupName", place.generated(255)),
            Description=properties["GroupDescription"],
            VpcId=properties["VpcId"],
            TagSpecifications=[{"ResourceType": "security-group", "Tags": properties.get("Tags", [])}],
        )["GroupId"]
        for rule in properties.get("SecurityGroupIngress", []):
            client.authorize_security_group_ingress(GroupId=made, IpPermissions=[permission(rule, "Source")])
        if "SecurityGroupEgress" in properties:
            everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            client.revoke_security_group_egress(GroupId=made, IpPermissions=[everything])
        for rule in properties.get("SecurityGroupEgress", []):
            client.authorize_security_group_egress(GroupId=made, IpPermissions=[permission(rule, "Destination")])
        return Made(made, {"GroupId": made, "VpcId": properties["VpcId"]}, properties)

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("ec2").delete_security_group(GroupId=made.id)


def permission(rule: Properties, far: str) -> dict[str, Any]:
    found: dict[str, Any] = {"IpProtocol": str(rule["IpProtocol"])}
    found |= {end: int(rule[end]) for end in ("FromPort", "ToPort") if end in rule}
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    if "CidrIp" in rule:
        found["IpRanges"] = [{"CidrIp": rule["CidrIp"], **described}]
    elif f"{far}PrefixListId" in rule:
        found["PrefixListIds"] = [{"PrefixListId": rule[f"{far}PrefixListId"], **described}]
    else:
        found["UserIdGroupPairs"] = [{"GroupId": rule[f"{far}SecurityGroupId"], **described}]
    return found


def group_rule(type_: str, way: str, far: str) -> None:
    class Rule:
        @staticmethod
        def create(place: Place, properties: Properties) -> Made:
            getattr(place.client("ec2"), f"authorize_security_group_{way}")(
                GroupId=properties["GroupId"], IpPermissions=[permission(properties, far)]
            )
            return Made(f"sgr-{place.generated()}", {}, properties)

        @staticmethod
        def delete(place: Place, made: Made) -> None:
            getattr(place.client("ec2"), f"revoke_security_group_{way}")(
                GroupId=made.properties["GroupId"], IpPermissions=[permission(made.properties, far)]
            )

    kind(type_, replaces="*")(Rule)


group_rule("AWS::EC2::SecurityGroupIngress", "ingress", "Source")
group_rule("AWS::EC2::SecurityGroupEgress", "egress", "Destination")


@kind("AWS::ElasticLoadBalancingV2::LoadBalancer", replaces="Name Scheme Type")
class LoadBalancer:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        given = {"Name": place.generated(32), **properties}
        made = call(place, "elbv2", "create_load_balancer", given)["LoadBalancers"][0]
        arn = made["LoadBalancerArn"]
        LoadBalancer.update(place, Made(arn), properties)
        attributes = {
            "DNSName": made["DNSName"],
            "CanonicalHostedZoneID": made["CanonicalHostedZoneId"],
            "LoadBalancerFullName": arn.partition(":loadbalancer/")[2],
            "LoadBalancerName": made["LoadBalancerName"],
            "LoadBalancerArn": arn,
        }
        return Made(arn, attributes, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        # Moto knows no more than these, and refuses others.
        known = {"deletion_protection.enabled", "idle_timeout.timeout_seconds", "routing.http2.enabled"}
        wanted = [each for each in properties.get("LoadBalancerAttributes", []) if each["Key"] in known]
        given = {"LoadBalancerArn": made.id, "Attributes": wanted}
        if wanted:
            call(place, "elbv2", "modify_load_balancer_attributes", given)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        client = place.client("elbv2")
        found = client.describe_load_balancer_attributes(LoadBalancerArn=made.id)["Attributes"]
        if {"Key": "deletion_protection.enabled", "Value": "true"} in found:
            raise LookupError(f"Load balancer '{made.id}' cannot be deleted because deletion protection is enabled")
        client.delete_load_balancer(LoadBalancerArn=made.id)


@kind("AWS::ElasticLoadBalancingV2::TargetGroup", replaces="Name Port Protocol TargetType VpcId")
class TargetGroup:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        made = call(place, "elbv2", "create_target_group", {"Name": place.generated(32), **properties})
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        full = arn.rpartition(":")[2]
        attributes = {"TargetGroupFullName": full, "TargetGroupName": full.split("/")[1], "TargetGroupArn": arn}
        return Made(arn, attributes, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        call(place, "elbv2", "modify_target_group", {**properties, "TargetGroupArn": made.id})

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("elbv2").delete_target_group(TargetGroupArn=made.id)


simple("AWS::ElasticLoadBalancingV2::Listener", "elbv2", "create_listener", "Listeners.0.ListenerArn",
       attributes={"ListenerArn": "Listeners.0.ListenerArn"}, update="modify_listener",
       delete="delete_listener", key="ListenerArn", replaces="LoadBalancerArn")  # fmt: skip


@kind("AWS::ElasticLoadBalancingV2::ListenerRule", replaces="ListenerArn")
class ListenerRule:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        arn = call(place, "elbv2", "create_rule", properties)["Rules"][0]["RuleArn"]
        return Made(arn, {"RuleArn": arn}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        changed = {key: value for key, value in properties.items() if made.properties.get(key) != value}
        if "Priority" in changed:
            place.client("elbv2").set_rule_priorities(
                RulePriorities=[{"RuleArn": made.id, "Priority": int(properties["Priority"])}]
            )
        if changed.keys() & {"Actions", "Conditions"}:
            call(place, "elbv2", "modify_rule", {**changed, "RuleArn": made.id})

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        place.client("elbv2").delete_rule(RuleArn=made.id)


simple("AWS::CertificateManager::Certificate", "acm", "request_certificate", "CertificateArn",
       delete="delete_certificate", key="CertificateArn", replaces="DomainName")  # fmt: skip
noted("AWS::ElasticLoadBalancingV2::ListenerCertificate", "elasticloadbalancing:listener-certificate/NAME")
noted("AWS::WAFv2::WebACLAssociation", "wafv2:association/NAME")


@kind("AWS::WAFv2::WebACL", replaces="Name Scope")
class WebAcl:
    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        made = call(place, "wafv2", "create_web_acl", {"Name": place.generated(), **properties})["Summary"]
        return Made(
            f"{made['Name']}|{made['Id']}|{properties['Scope']}", {"Arn": made["ARN"], "Id": made["Id"]}, properties
        )

    update = staticmethod(lambda *_: None)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        name, id_, scope = made.id.split("|")
        client = place.client("wafv2")
        token = client.get_web_acl(Name=name, Id=id_, Scope=scope)["LockToken"]
        client.delete_web_acl(Name=name, Id=id_, Scope=scope, LockToken=token)


@kind("AWS::Route53::RecordSet", replaces="Name Type HostedZoneId HostedZoneName")
class RecordSet:
    @staticmethod
    def _change(place: Place, action: str, properties: Properties) -> None:
        place.client("route53").change_resource_record_sets(
            HostedZoneId=properties["HostedZoneId"],
            ChangeBatch={"Changes": [{"Action": action, "ResourceRecordSet": RecordSet._record(properties)}]},
        )

    @staticmethod
    def _record(properties: Properties) -> dict[str, Any]:
        record = {"Name": properties["Name"], "Type": properties["Type"]}
        if "AliasTarget" in properties:
            return record | {"AliasTarget": {"EvaluateTargetHealth": False, **properties["AliasTarget"]}}
        values = [{"Value": value} for value in properties["ResourceRecords"]]
        return record | {"TTL": int(properties["TTL"]), "ResourceRecords": values}

    @staticmethod
    def create(place: Place, properties: Properties) -> Made:
        RecordSet._change(place, "UPSERT", properties)
        return Made(properties["Name"], {}, properties)

    @staticmethod
    def update(place: Place, made: Made, properties: Properties) -> None:
        RecordSet._change(place, "UPSERT", properties)

    @staticmethod
    def delete(place: Place, made: Made) -> None:
        RecordSet._change(place, "DELETE", made.properties)
